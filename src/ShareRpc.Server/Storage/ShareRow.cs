namespace ShareRpc.Server.Storage;

/// <summary>A share as stored. The head of its log is not here: it is the largest cursor.</summary>
internal sealed record ShareRow(
    long Key, string ShareId, long OwnerRefKey, long CreatorKey, string? Label, ShareState State, long Folded, long CreatedMs);
