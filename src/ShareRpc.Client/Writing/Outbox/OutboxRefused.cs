using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

internal sealed class OutboxRefused(OutboxDatabase database, OutboxWrites writes, OutboxRows rows, string server)
{
    public const int Failed = 2;

    public const int Waiting = 3;

    private static readonly string DependencyMissing = ErrorCodes.NameOf(ErrorCode.DependencyMissing);
    private static readonly string AtomicAborted = ErrorCodes.NameOf(ErrorCode.AtomicAborted);
    private readonly Statements sql = database.Statements;

    public IReadOnlyList<FailedOp> ListFailed(long shareKey, int limit)
    {
        lock (database.Gate)
        {
            return sql.ReadAll(
                """
                SELECT op_id, kind, key, code, message, outcome_unknown FROM refused
                WHERE share_key = ?1 AND state = 2 ORDER BY row_id LIMIT ?2
                """,
                row => new FailedOp(
                    row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.TextOrNull(4) ?? "", row.Number(5) == 1),
                shareKey, limit);
        }
    }

    public IReadOnlyList<(long Row, ParkedOp Op)> ReadParked(long shareKey, long afterRow, int limit)
    {
        lock (database.Gate)
        {
            return sql.ReadAll(
                """
                SELECT op_id, verb, kind, key, data, depends_on, code, message, outcome_unknown, state, row_id
                  FROM refused
                WHERE share_key = ?1 AND row_id > ?2 ORDER BY row_id LIMIT ?3
                """,
                row => (row.Number(10), ReadParkedOp(row)), shareKey, afterRow, limit);
        }
    }

    /// <summary>An <c>opId</c> selects its atomic group.</summary>
    public int RetryFailed(long shareKey, string? opId = null)
    {
        int count = writes.Write(() =>
        {
            int rows = Requeue(shareKey, RefusedRows(shareKey, opId));
            sql.Execute("UPDATE share SET closed_code = NULL WHERE share_key = ?1", shareKey);
            if (opId is null)
            {
                rows += sql.Execute(
                    "UPDATE intent SET code = NULL WHERE share_key = ?1 AND code IS NOT NULL", shareKey);
            }

            return rows;
        });
        writes.Signal();
        return count;
    }

    /// <summary>An <c>opId</c> selects its atomic group.</summary>
    public int DropRefused(long shareKey, string? opId)
    {
        int count = writes.Write(() =>
        {
            List<long> rows = RefusedRows(shareKey, opId);
            foreach (long row in rows) sql.Execute("DELETE FROM refused WHERE row_id = ?1", row);
            return rows.Count + (opId is null
                ? sql.Execute("DELETE FROM intent WHERE share_key = ?1 AND code IS NOT NULL", shareKey) : 0);
        });
        writes.Signal();
        return count;
    }

    /// <summary>Queues this server's rows whose wait is over; signals only if there are any.</summary>
    public void RequeueDue(long nowMs)
    {
        const string Due = """
            FROM refused r JOIN share s ON s.share_key = r.share_key
            WHERE s.server = ?1 AND r.state = 3 AND r.retry_at_ms <= ?2
            """;
        lock (database.Gate)
        {
            if (sql.ReadNumber($"SELECT EXISTS (SELECT 1 {Due})", server, nowMs) == 0) return;
        }

        int moved = writes.Write(() => sql
            .ReadAll($"SELECT r.share_key, r.row_id {Due} ORDER BY r.row_id", row => (row.Number(0), row.Number(1)),
                server, nowMs)
            .GroupBy(due => due.Item1, due => due.Item2)
            .Sum(due => Requeue(due.Key, [.. due])));
        if (moved > 0) writes.Signal();
    }

    /// <summary>Missing dependencies: wait; others: park.</summary>
    public void ParkOrWait(long shareKey, OpBatch batch, IReadOnlyList<Rejection> rejected, WaitTimes times)
    {
        bool isGroupWaiting = batch.Atomic == true && rejected.Any(op => op.Code == DependencyMissing)
            && rejected.All(op => op.Code == DependencyMissing || op.Code == AtomicAborted);
        List<string> order = [.. batch.Ops.Select(op => op.OpId)];
        foreach (Rejection op in rejected.OrderBy(op => order.IndexOf(op.OpId)))
        {
            bool waits = isGroupWaiting || (batch.Atomic != true && op.Code == DependencyMissing);
            if (!waits || !TryWait(shareKey, op, times)) Refuse(shareKey, op.OpId, Failed, op.Code, op.Message, null);
        }
    }

    /// <summary>Keeps an earlier place.</summary>
    public void Refuse(long shareKey, string opId, int state, string code, string message,
        (long Since, long RetryAt)? waits)
    {
        long row = rows.FindRow(shareKey, opId);
        if (row == 0) return;
        sql.Execute(
            $"""
            INSERT INTO refused (
              row_id, share_key, {OutboxRows.OpContent}, was_sent, outcome_unknown, waiting_since_ms, retry_at_ms,
              state, code, message)
            SELECT place, share_key, {OutboxRows.OpContent}, 1, 0, ?2, ?3, ?4, ?5, ?6 FROM op WHERE row_id = ?1
            """,
            row, waits?.Since, waits?.RetryAt, state, code, message);
        rows.Delete(shareKey, opId);
    }

    public void RequeueDependents(long shareKey, Ack ack)
    {
        bool isWaitedFor = sql.ReadNumber("SELECT EXISTS (SELECT 1 FROM refused WHERE share_key = ?1 AND state = 3)",
            shareKey) != 0;
        if (!isWaitedFor) return;
        List<(long Row, string? DependsOn, string? Group)> waiting = sql.ReadAll(
            "SELECT row_id, depends_on, atomic_group FROM refused WHERE share_key = ?1 AND state = 3 ORDER BY row_id",
            row => (row.Number(0), row.TextOrNull(1), row.TextOrNull(2)), shareKey);
        HashSet<string> done =
            ack.Applied.Concat(ack.Duplicates).Select(op => op.OpId).ToHashSet(StringComparer.Ordinal);
        var groups = new HashSet<string>(StringComparer.Ordinal);
        var rows = new HashSet<long>();
        foreach ((long row, string? dependsOn, string? group) in waiting)
        {
            if (dependsOn is null || !JsonSerializer.Deserialize<string[]>(dependsOn)!.Any(done.Contains)) continue;
            rows.Add(row);
            if (group is not null) groups.Add(group);
        }

        Requeue(shareKey,
            [.. waiting.Where(op => rows.Contains(op.Row) || (op.Group is { } group && groups.Contains(group)))
            .Select(op => op.Row)]);
    }

    private bool TryWait(long shareKey, Rejection op, WaitTimes times)
    {
        long since = sql.ReadNumber("SELECT waiting_since_ms FROM op WHERE op_id = ?1 AND share_key = ?2", op.OpId,
            shareKey);
        if (since == 0) since = times.NowMs;
        if (since + times.PatienceMs <= times.NowMs) return false;
        long retryAt = Math.Min(times.NowMs + times.RetryMs, since + times.PatienceMs);
        Refuse(shareKey, op.OpId, Waiting, op.Code, op.Message, (since, retryAt));
        return true;
    }

    private int Requeue(long shareKey, List<long> refused)
    {
        if (refused.Count == 0) return 0;
        long seq = rows.NextSeq(shareKey);
        foreach (long row in refused)
        {
            sql.Execute(
                $"""
                INSERT INTO op (row_id, {OutboxRows.OpContent}, was_sent, place, waiting_since_ms)
                SELECT ?2, {OutboxRows.OpContent}, was_sent, row_id, CASE WHEN state = 3 THEN waiting_since_ms END
                FROM refused WHERE row_id = ?1
                """,
                row, OutboxRows.RowOf(shareKey, seq++));
            sql.Execute("DELETE FROM refused WHERE row_id = ?1", row);
        }

        return refused.Count;
    }

    private List<long> RefusedRows(long shareKey, string? opId) => opId is null
        ? sql.ReadAll(
            "SELECT row_id FROM refused WHERE share_key = ?1 ORDER BY row_id", row => row.Number(0), shareKey)
        : sql.ReadAll(
            """
            SELECT row_id FROM refused WHERE share_key = ?1 AND (op_id = ?2 OR atomic_group =
              (SELECT atomic_group FROM refused WHERE share_key = ?1 AND op_id = ?2)) ORDER BY row_id
            """,
            row => row.Number(0), shareKey, opId);

    private static ParkedOp ReadParkedOp(Rows row) => new()
    {
        OpId = row.Text(0), Verb = row.Text(1), Kind = row.Text(2), Key = row.Text(3),
        Data = row.IsNull(4) ? null : new RawJson(row.Blob(4).ToArray()),
        DependsOn = row.TextOrNull(5) is { } json ? JsonSerializer.Deserialize<string[]>(json) : null,
        Code = row.Text(6), Message = row.TextOrNull(7) ?? "", OutcomeUnknown = row.Number(8) == 1,
        IsWaiting = row.Number(9) == Waiting,
    };
}
