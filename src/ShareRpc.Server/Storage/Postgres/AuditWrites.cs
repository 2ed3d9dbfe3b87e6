namespace ShareRpc.Server.Storage.Postgres;

/// <summary>
/// Writes of the audit trail. Entries get their positions under a shared lock, which sealing takes alone.
/// </summary>
internal sealed class AuditWrites
{
    private bool isLocked;

    public void Insert(PostgresSession session, AuditRow row)
    {
        if (!isLocked) session.SendCall("SELECT pg_advisory_xact_lock_shared(2, 0)");
        isLocked = true;
        session.Send(
            """
            INSERT INTO audit (time_ms, action, actor_key, share_key, subject_key, address, code, count, bytes)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            row.TimeMs, row.Action, row.ActorKey, row.ShareKey, row.SubjectKey, row.Address, (int?)row.Code, row.Count,
            row.Bytes);
    }

    /// <summary>Does nothing if another node has sealed these entries.</summary>
    public static void InsertSeal(PostgresSession session, AuditSeal seal)
    {
        session.SendCall("SELECT pg_advisory_xact_lock(3, 0)");
        session.Send(
            """
            INSERT INTO audit_seal (first, last, newest_ms, digest) SELECT $1, $2, $3, $4
            WHERE NOT EXISTS (SELECT 1 FROM audit_seal WHERE last >= $1)
              AND NOT EXISTS (SELECT 1 FROM audit_anchor WHERE last >= $1)
            """,
            seal.First, seal.Last, seal.NewestMs, seal.Digest);
    }

    /// <summary>Does nothing if another node has removed it.</summary>
    public static void RemoveSegment(PostgresSession session, AuditSeal oldest)
    {
        session.SendCall("SELECT pg_advisory_xact_lock(3, 0)");
        session.Send(
            """
            WITH segment AS (DELETE FROM audit_seal WHERE last = $1 RETURNING last),
              entries AS (DELETE FROM audit WHERE position <= $1 AND EXISTS (SELECT 1 FROM segment)),
              before AS (DELETE FROM audit_anchor WHERE EXISTS (SELECT 1 FROM segment))
            INSERT INTO audit_anchor (last, digest) SELECT last, $2 FROM segment
            """,
            oldest.Last, oldest.Digest);
    }
}
