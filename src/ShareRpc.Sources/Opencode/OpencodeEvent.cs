namespace ShareRpc.Sources.Opencode;

/// <summary>One row of the event log.</summary>
internal sealed record OpencodeEvent(string Id, long Seq, string Type, ReadOnlyMemory<byte> Data);
