using System.Text.Json;
using System.Text.Json.Serialization;

namespace ShareRpc.Protocol.Messages;

/// <summary>
/// What narrows a ref besides its rights (SPEC section "Caveats"). A ref's own and those of all its ancestors bind
/// together. A caveat that this version does not know is refused, never ignored.
/// </summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record Caveats
{
    public static readonly Caveats None = new();

    /// <summary>
    /// Gets the time at which the ref expires, by the server's clock, in milliseconds since 1970 UTC.
    /// </summary>
    public long? ExpiresAtMs { get; init; }

    /// <summary>
    /// Gets the time at which the ref expires unless its token was redeemed before, in milliseconds since 1970 UTC.
    /// </summary>
    public long? UnusedExpiresAtMs { get; init; }

    /// <summary>
    /// Gets the number of redemptions of the ref and its descendants together, 1 to 1,000,000; those by grants do not
    /// count.
    /// </summary>
    public int? MaxUses { get; init; }

    /// <summary>
    /// Gets how long a grant of the ref lasts, in milliseconds: 1,000 to 31,536,000,000. Without it 24 hours.
    /// </summary>
    public long? GrantMs { get; init; }

    /// <summary>Gets the only kinds that may be appended: 1 to 64 of them.</summary>
    public IReadOnlyList<string>? AppendKinds { get; init; }

    /// <summary>
    /// Gets the only kinds that may be read, and of each the only top-level fields: kind -> at most 64 names, or null
    /// for all of them. On the wire null is <c>true</c>.
    /// </summary>
    [JsonConverter(typeof(ReadableConverter))]
    public IReadOnlyDictionary<string, IReadOnlyList<string>?>? Readable { get; init; }

    /// <summary>
    /// Gets what is hidden, of <see cref="Redactions"/>. With any of them only kinds and fields that the server knows
    /// are shown.
    /// </summary>
    public IReadOnlyList<string>? Redact { get; init; }

    /// <summary>
    /// Gets the ops that may be applied per day (UTC) by the ref and its descendants together, 0 or more.
    /// </summary>
    public long? MaxOpsPerDay { get; init; }

    /// <summary>
    /// Gets the bytes of data of the ops that may be applied per day (UTC) by the ref and its descendants together, 0
    /// or more.
    /// </summary>
    public long? MaxBytesPerDay { get; init; }
}

/// <summary>The words of the <c>redact</c> caveat.</summary>
public static class Redactions
{
    /// <summary>What tools were given and what they answered; that they ran, and how long, stays.</summary>
    public const string Tools = "tools";

    /// <summary>What the model thought.</summary>
    public const string Reasoning = "reasoning";

    /// <summary>
    /// Attachments, patches, diffs and text that quotes files; all of tools too, since a tool may print a file.
    /// </summary>
    public const string Files = "files";

    /// <summary>Gets all words.</summary>
    public static IReadOnlyList<string> All { get; } = [Tools, Reasoning, Files];
}

/// <summary>The <c>readable</c> caveat: <c>{kind: true | [field, ...]}</c>.</summary>
internal sealed class ReadableConverter : JsonConverter<IReadOnlyDictionary<string, IReadOnlyList<string>?>>
{
    public override IReadOnlyDictionary<string, IReadOnlyList<string>?> Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException();
        var readable = new Dictionary<string, IReadOnlyList<string>?>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string kind = reader.GetString()!;
            reader.Read();
            if (!readable.TryAdd(kind, ReadFields(ref reader))) throw new JsonException();
        }

        return readable;
    }

    public override void Write(
        Utf8JsonWriter writer, IReadOnlyDictionary<string, IReadOnlyList<string>?> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach ((string kind, IReadOnlyList<string>? fields) in value)
        {
            writer.WritePropertyName(kind);
            if (fields is null) writer.WriteBooleanValue(true);
            else JsonSerializer.Serialize(writer, fields, options);
        }

        writer.WriteEndObject();
    }

    private static List<string>? ReadFields(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.True) return null;
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException();
        var fields = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            fields.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException());
        }

        return fields;
    }
}
