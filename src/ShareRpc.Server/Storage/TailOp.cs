namespace ShareRpc.Server.Storage;

/// <summary>An op that is not folded yet: where it is and which document it touches. Bytes is the size of its data.</summary>
internal readonly record struct TailOp(long Cursor, string Kind, string Key, int Bytes);
