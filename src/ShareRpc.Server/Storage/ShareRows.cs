namespace ShareRpc.Server.Storage;

/// <summary>
/// The head is the log's largest cursor. Scanned: compaction progress. Compacted: largest cursor without data.
/// </summary>
internal sealed record ShareRow(
    long Key, string ShareId, long OwnerRefKey, long CreatorKey, string? Label, ShareState State, long Folded,
    long CreatedMs, long Scanned,
    long Compacted)
{
    /// <summary>Gets when an owner has kept it last; 0: never.</summary>
    public long KeptMs { get; init; }

    /// <summary>Gets what every transaction on the share raises; 0 in a store that has one writer.</summary>
    public long Version { get; init; }
}

internal enum ShareState
{
    Active = 0,
    Ended = 1,
    Deleted = 2,
}

internal sealed record ShareListRow(ShareRow Share, long Head, long? LastAppendMs, string OwnerCapId);

internal sealed record WriterRow(long Key, string WriterId, long RefKey, long AckedSeq);

internal sealed record SessionShareRow(long ShareKey, long CreatorKey, string SessionId);
