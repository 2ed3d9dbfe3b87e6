using Npgsql;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>Takes a connection with its first read.</summary>
internal sealed class PostgresSnapshot(NpgsqlDataSource source)
    : PostgresReads(new PostgresSession(source, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
{
    /// <summary>Waits, alone, for those that add entries; what comes after has higher positions.</summary>
    public override async ValueTask<AuditSeal?> SealAuditAsync(int entries)
    {
        await using var session = new PostgresSession(source, "BEGIN READ ONLY");
        session.SendCall("SELECT pg_advisory_xact_lock(2, 0)");
        return await PostgresAudit.SealAsync(session, entries);
    }
}
