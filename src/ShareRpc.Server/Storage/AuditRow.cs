namespace ShareRpc.Server.Storage;

/// <summary>A mutation and who made it, by keys.</summary>
internal sealed record AuditRow(long TimeMs, string Action, long? ActorKey, long? ShareKey, long? SubjectKey);
