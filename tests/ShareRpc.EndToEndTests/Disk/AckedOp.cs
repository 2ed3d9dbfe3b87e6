namespace ShareRpc.EndToEndTests.Disk;

/// <summary>An op that the server has acknowledged, and how long the journal was when its client heard of it.</summary>
internal sealed record AckedOp(string OpId, long Cursor, string Text, long JournalLength);
