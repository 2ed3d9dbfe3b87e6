namespace ShareRpc.Server.Storage;

/// <summary>The write-ahead log after a checkpoint: its bytes, and those of them that are not in the database yet.</summary>
internal readonly record struct LogSize(long Bytes, long Left);
