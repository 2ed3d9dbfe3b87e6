namespace ShareRpc.Server.Storage;

/// <summary>
/// A share as stored. The head of its log is not here: it is the largest cursor. Compaction has looked at the ops up to Scanned, and
/// dropped data of some up to Compacted.
/// </summary>
internal sealed record ShareRow(
    long Key, string ShareId, long OwnerRefKey, long CreatorKey, string? Label, ShareState State, long Folded, long CreatedMs, long Scanned,
    long Compacted);
