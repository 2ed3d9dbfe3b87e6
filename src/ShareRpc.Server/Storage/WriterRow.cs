namespace ShareRpc.Server.Storage;

internal sealed record WriterRow(long Key, string WriterId, long RefKey, long AckedSeq);
