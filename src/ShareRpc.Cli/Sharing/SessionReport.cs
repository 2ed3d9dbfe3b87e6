using ShareRpc.Sources.LeftOut;

namespace ShareRpc.Cli.Sharing;

internal sealed record SessionReport
{
    public string Event { get; } = "done";

    public required string Session { get; init; }

    public required string ShareId { get; init; }

    public string? Link { get; init; }

    public required int Messages { get; init; }

    public required int Parts { get; init; }

    public required long Applied { get; init; }

    /// <summary>Gets the ops that the share already had.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Gets the ops and requests that were refused in this run.</summary>
    public required long Failed { get; init; }

    /// <summary>Gets those that were refused before it and are still kept.</summary>
    public required long FailedEarlier { get; init; }

    public required long Pending { get; init; }

    public required int Skipped { get; init; }

    /// <summary>Gets the documents in whose place a placeholder was sent.</summary>
    public required IReadOnlyList<LeftOutDocument> LeftOut { get; init; }

    /// <summary>Gets this run's count; a secret in two documents counts twice.</summary>
    public required long Redacted { get; init; }

    public required IReadOnlyDictionary<string, long> RedactedByRule { get; init; }

    public required long Cursor { get; init; }

    public string? LastError { get; init; }

    /// <summary>Gets the record types that this version does not know, with counts; null for none.</summary>
    public IReadOnlyDictionary<string, int>? Unknown { get; init; }

    /// <summary>Gets what the session goes on from and is in no file, with a number; null for nothing.</summary>
    public IReadOnlyDictionary<string, int>? Lost { get; init; }

    public override string ToString()
    {
        string rest = (Pending > 0 ? $", {Pending} waiting" : "")
            + (Failed > 0 ? $", {Failed} failed ({LastError})" : "")
            + (FailedEarlier > 0 ? $", {FailedEarlier} failed earlier" : "")
            + (Skipped > 0 ? $", {Skipped} left out" : "")
            + (Unknown is { } types ? $", of unknown type: {string.Join(", ", types.Select(Named))}" : "")
            + (Lost is { } gone ? $", lost, as in no file: {string.Join(", ", gone.Select(Named))}" : "")
            + (Redacted > 0 ? $", {Redacted} redacted ({string.Join(", ", RedactedByRule.Keys)})" : "");
        return $"{Session}  {Messages} messages, {Parts} parts; {Applied} applied, {Duplicates} already known{rest}; "
            + $"cursor {Cursor}";
    }

    private static string Named(KeyValuePair<string, int> type) =>
        $"{Terminal.SafeText.Line(type.Key, 60)} ({type.Value})";
}
