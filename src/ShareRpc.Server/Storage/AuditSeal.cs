namespace ShareRpc.Server.Storage;

/// <summary>
/// A segment of the audit trail, and the digest of it and all before it, signed by <see cref="AuditKeys"/>.
/// </summary>
internal sealed record AuditSeal(long First, long Last, long NewestMs, byte[] Digest);
