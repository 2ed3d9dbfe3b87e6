using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Storage;

internal sealed record AuditRow(
    long TimeMs, string Action, long? ActorKey, long? ShareKey, long? SubjectKey, string? Address = null,
    ErrorCode? Code = null,
    long? Count = null, long? Bytes = null);
