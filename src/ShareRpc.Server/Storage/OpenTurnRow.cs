namespace ShareRpc.Server.Storage;

/// <summary>A turn that is streaming: its last op's cursor and writer, and how far that writer has come.</summary>
internal sealed record OpenTurnRow(long ShareKey, string Key, long Cursor, string WriterId, long AckedSeq);
