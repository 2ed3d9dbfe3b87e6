namespace ShareRpc.Cli.Sharing;

/// <summary>The last word on a session, as <c>share --json</c> prints it.</summary>
internal sealed record SessionReport
{
    public string Event { get; } = "done";

    public required string Session { get; init; }

    public required string ShareId { get; init; }

    public string? Link { get; init; }

    /// <summary>Gets the number of message documents in the database.</summary>
    public required int Messages { get; init; }

    /// <summary>Gets the number of part documents in the database.</summary>
    public required int Parts { get; init; }

    /// <summary>Gets the number of ops of this run that were applied.</summary>
    public required long Applied { get; init; }

    /// <summary>Gets the number of ops of this run that the share had already.</summary>
    public required long Duplicates { get; init; }

    public required long Failed { get; init; }

    /// <summary>Gets the number of ops that still wait for the server.</summary>
    public required long Pending { get; init; }

    /// <summary>Gets the number of rows that cannot be shared.</summary>
    public required int Skipped { get; init; }

    /// <summary>Gets the number of secrets that were replaced in this run; one in two documents counts twice.</summary>
    public required long Redacted { get; init; }

    public required IReadOnlyDictionary<string, long> RedactedByRule { get; init; }

    public required long Cursor { get; init; }

    public string? LastError { get; init; }

    public override string ToString()
    {
        string rest = (Pending > 0 ? $", {Pending} waiting" : "")
            + (Failed > 0 ? $", {Failed} failed ({LastError})" : "")
            + (Skipped > 0 ? $", {Skipped} left out" : "")
            + (Redacted > 0 ? $", {Redacted} redacted ({string.Join(", ", RedactedByRule.Keys)})" : "");
        return $"{Session}  {Messages} messages, {Parts} parts; {Applied} applied, {Duplicates} already known{rest}; "
            + $"cursor {Cursor}";
    }
}
