namespace ShareRpc.Server.Storage;

/// <summary>Which refs a listing covers: everything, one share's, or a creator's own ref and its descendants.</summary>
internal readonly record struct RefScope(long? ShareKey, long? CreatorKey);
