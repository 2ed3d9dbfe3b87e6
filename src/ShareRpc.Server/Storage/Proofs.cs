namespace ShareRpc.Server.Storage;

/// <summary>The version at which a share is cached.</summary>
internal readonly record struct ShareVersion(long Key, long Version);

/// <summary>A link of the chain on which an authority stands, as it was when it was redeemed.</summary>
internal sealed record RefLink(long Key, long Epoch, long? ParentKey);

/// <summary>What the store says of a ref now.</summary>
internal readonly record struct RefState(long Key, long Epoch, long? ParentKey, bool IsRevoked, bool IsSuspended);

/// <summary>Shares as they are under their locks, and refs as they were read after.</summary>
internal sealed record Proof(IReadOnlyList<ShareRow> Shares, IReadOnlyList<RefState> Refs);
