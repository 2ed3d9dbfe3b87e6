namespace ShareRpc.Server.Storage;

/// <summary>
/// Which refs a listing covers: everything, one share's, or a creator's own ref and its descendants. Of the audit trail, both together are
/// the entries of a share that concern a ref or its descendants.
/// </summary>
internal readonly record struct RefScope(long? ShareKey, long? CreatorKey);
