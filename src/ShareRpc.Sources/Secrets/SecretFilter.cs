using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Secrets;

/// <summary>
/// What a source passes everything through before it becomes an op or a label; counts what was replaced.
/// </summary>
/// <param name="scanner">Null: nothing is replaced.</param>
internal sealed class SecretFilter(SecretScanner? scanner)
{
    public SecretCounts Counts { get; } = new();

    public RawJson Clean(RawJson json) => scanner?.Redact(json, Counts) ?? json;

    public RawJson? Clean(RawJson? json) => json is { } value ? Clean(value) : null;

    public string Clean(string text) => scanner?.Redact(text, Counts) ?? text;

    /// <summary>Returns a filter with separate counts.</summary>
    public SecretFilter Uncounted() => new(scanner);
}
