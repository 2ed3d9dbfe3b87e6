namespace ShareRpc.Server.Storage;

/// <summary>
/// A share as stored. The head of its log is not here: it is the largest cursor. Compaction has looked at the ops up to Scanned, and
/// dropped data of some up to Compacted.
/// </summary>
internal sealed record ShareRow(
    long Key, string ShareId, long OwnerRefKey, long CreatorKey, string? Label, ShareState State, long Folded, long CreatedMs, long Scanned,
    long Compacted);

internal enum ShareState
{
    Active = 0,
    Ended = 1,
    Deleted = 2,
}

/// <summary>A share with what a listing shows beside it.</summary>
internal sealed record ShareListRow(ShareRow Share, long Head, long? LastAppendMs, string OwnerCapId);

internal sealed record WriterRow(long Key, string WriterId, long RefKey, long AckedSeq);

/// <summary>A share that an HTTP profile made for an agent's session, on behalf of which creator ref.</summary>
internal sealed record SessionShareRow(long ShareKey, long CreatorKey, string SessionId);
