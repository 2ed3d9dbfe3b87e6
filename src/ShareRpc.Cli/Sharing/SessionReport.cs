namespace ShareRpc.Cli.Sharing;

/// <summary>The last word on a session, as <c>share --json</c> prints it.</summary>
internal sealed record SessionReport
{
    public string Event { get; } = "done";

    public required string Session { get; init; }

    public required string ShareId { get; init; }

    public string? Link { get; init; }

    /// <summary>Message documents in the database.</summary>
    public required int Messages { get; init; }

    /// <summary>Part documents in the database.</summary>
    public required int Parts { get; init; }

    /// <summary>Ops of this run that made a new cursor.</summary>
    public required long Applied { get; init; }

    /// <summary>Ops of this run that the share had already.</summary>
    public required long Duplicates { get; init; }

    public required long Failed { get; init; }

    /// <summary>Ops that still wait for the server.</summary>
    public required long Pending { get; init; }

    /// <summary>Rows that cannot be shared.</summary>
    public required int Skipped { get; init; }

    /// <summary>Secrets that were replaced in what this run read; the same one in two documents counts twice.</summary>
    public required long Redacted { get; init; }

    public required IReadOnlyDictionary<string, long> RedactedByRule { get; init; }

    public required long Cursor { get; init; }

    public string? LastError { get; init; }

    public override string ToString()
    {
        string rest = (Pending > 0 ? $", {Pending} waiting" : "") + (Failed > 0 ? $", {Failed} failed ({LastError})" : "")
            + (Skipped > 0 ? $", {Skipped} left out" : "")
            + (Redacted > 0 ? $", {Redacted} redacted ({string.Join(", ", RedactedByRule.Keys)})" : "");
        return $"{Session}  {Messages} messages, {Parts} parts; {Applied} applied, {Duplicates} already known{rest}; cursor {Cursor}";
    }
}
