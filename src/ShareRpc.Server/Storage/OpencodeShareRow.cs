namespace ShareRpc.Server.Storage;

/// <summary>A share that the HTTP API made: for which session of opencode's, on behalf of which creator ref.</summary>
internal sealed record OpencodeShareRow(long ShareKey, long CreatorKey, string SessionId);
