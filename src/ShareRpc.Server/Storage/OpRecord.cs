using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Storage;

/// <summary>
/// What became of an op: a rejection when it has a code; otherwise it was applied at its cursor, or was a duplicate of what stands there.
/// </summary>
internal sealed record OpRecord(string OpId, byte[] Digest, long Cursor, bool Applied, ErrorCode? Code);
