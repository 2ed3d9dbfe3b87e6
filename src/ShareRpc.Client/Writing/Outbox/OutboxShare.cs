namespace ShareRpc.Client.Writing.Outbox;

internal sealed record OutboxShare
{
    public required long Key { get; init; }

    public required string ShareId { get; init; }

    public required string ExternalKey { get; init; }

    public string? Label { get; init; }

    public required string AppendCapId { get; init; }

    /// <summary>Null if joined.</summary>
    public string? ViewerCapId { get; init; }

    public required string WriterId { get; init; }

    public bool IsCreated { get; init; }

    public string? ClosedCode { get; init; }

    public long Cursor { get; init; }

    public long Applied { get; init; }

    public long Duplicates { get; init; }
}
