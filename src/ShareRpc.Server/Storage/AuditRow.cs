using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Storage;

/// <summary>A mutation and who made it, by keys; or what a ref did in a minute, with how often.</summary>
internal sealed record AuditRow(
    long TimeMs, string Action, long? ActorKey, long? ShareKey, long? SubjectKey, string? Address = null, ErrorCode? Code = null,
    long? Count = null, long? Bytes = null);
