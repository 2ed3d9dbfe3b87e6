using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;

namespace ShareRpc.Server.Storage;

internal sealed record AuditRow(
    long TimeMs, string Action, long? ActorKey, long? ShareKey, long? SubjectKey, string? Address = null,
    ErrorCode? Code = null,
    long? Count = null, long? Bytes = null);

/// <summary>Selects entries that match all of it; null matches every entry.</summary>
/// <param name="CapId">The actor or the subject.</param>
/// <param name="UntilMs">The time before which the entries are.</param>
/// <param name="Examined">How many entries one page examines at most.</param>
internal sealed record AuditFilter(
    string? CapId = null, string? Action = null, string? Address = null, ErrorCode? Code = null, long? SinceMs = null,
    long? UntilMs = null, int Examined = int.MaxValue)
{
    public static readonly AuditFilter None = new();
}

/// <summary>Entries of one page; no <c>next</c> after the last page.</summary>
internal sealed record AuditRows(IReadOnlyList<AuditEntry> Entries, long? Next);
