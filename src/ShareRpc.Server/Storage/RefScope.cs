namespace ShareRpc.Server.Storage;

/// <summary>Which refs a listing covers: everything, one share's, or those that a creator made or owns.</summary>
internal readonly record struct RefScope(long? ShareKey, long? CreatorKey);
