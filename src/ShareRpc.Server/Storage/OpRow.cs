namespace ShareRpc.Server.Storage;

/// <summary>An op to be stored: one row.</summary>
internal sealed record OpRow
{
    public required long ShareKey { get; init; }

    public required long Cursor { get; init; }

    public required string OpId { get; init; }

    public required byte[] Digest { get; init; }

    public long? WriterKey { get; init; }

    public long? Seq { get; init; }

    public required string Verb { get; init; }

    public required string Kind { get; init; }

    public required string Key { get; init; }

    public ReadOnlyMemory<byte>? Data { get; init; }

    /// <summary>What its document is about, after it.</summary>
    public required ContentClass Class { get; init; }

    public required long ActorKey { get; init; }

    public required long TimeMs { get; init; }
}
