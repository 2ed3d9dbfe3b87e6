using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// Reads a page of the audit trail along the index of one condition. The other conditions are tested on at most
/// <see cref="AuditFilter.Examined"/> entries of it, so that a page has bounded cost.
/// </summary>
internal sealed class AuditReads(
    Statements statements, RefScope scope, AuditFilter filter, long after, int limit, bool newestFirst)
{
    /// <summary>
    /// How far times may fall along the trail: sums are written after their minute, and clocks are set back.
    /// </summary>
    private const long DisorderMs = 2 * 60 * 60 * 1000;

    private const string Reach = """
        (WITH RECURSIVE reach (key) AS (
          SELECT {0} UNION ALL SELECT child.ref_key FROM reach JOIN sturdy_ref child ON child.parent_key = reach.key
          UNION ALL SELECT gone.ref_key FROM reach JOIN gone_ref gone ON gone.parent_key = reach.key)
        SELECT key FROM reach)
        """;

    private readonly List<SqlValue> values = [];

    /// <summary>One for each branch; of each branch the first condition is the one with the index.</summary>
    private readonly List<string> branches = [];

    private readonly List<string> others = [];

    public AuditRows Read()
    {
        long low = newestFirst ? 0 : Math.Min(after, long.MaxValue - 1) + 1;
        long high = newestFirst && after > 0 ? after - 1 : long.MaxValue;
        if (filter.SinceMs is { } since) low = Math.Max(low, FirstSince(since));
        if (filter.UntilMs is { } until) high = Math.Min(high, LastUntil(until));
        if (low > high || !Choose()) return new AuditRows([], null);
        long? stop = others.Count > 0 || branches.Count > 1 ? Boundary(low, high) : null;
        if (stop is { } end) (low, high) = newestFirst ? (end + 1, high) : (low, end - 1);
        List<AuditEntry> entries = ReadEntries(low, high);
        long? next = entries.Count == limit ? entries[^1].Position : newestFirst ? stop + 1 : stop - 1;
        return new AuditRows(entries, next);
    }

    private string Order => newestFirst ? "ORDER BY position DESC" : "ORDER BY position";

    /// <summary>Returns false if a ref is unknown, so that nothing can match.</summary>
    private bool Choose()
    {
        var indexed = new List<string>();
        if (filter.CapId is { } capId)
        {
            if (KeyOf(capId) is not { } key) return false;
            string reference = Value(key);
            branches.Add($"actor_key = {reference}");
            branches.Add($"subject_key = {reference} AND actor_key IS NOT {reference}");
        }

        if (scope.ShareKey is { } share) indexed.Add($"share_key = {Value(share)}");
        if (filter.Address is { } address) indexed.Add($"address = {Value(address)}");
        if (filter.Code is { } code) indexed.Add($"code = {Value((long)code)}");
        if (filter.Action is { } action) indexed.Add($"action = {Value(action)}");
        if (branches.Count == 0)
        {
            branches.Add(indexed.Count > 0 ? indexed[0] : "1");
            indexed = [.. indexed.Skip(1)];
        }

        // A plus sign keeps SQLite from another index than the one chosen here.
        others.AddRange(indexed.Select(condition => "+" + condition));
        if (filter.SinceMs is { } since) others.Add($"+time_ms >= {Value(since)}");
        if (filter.UntilMs is { } until) others.Add($"+time_ms < {Value(until)}");
        if (scope.CreatorKey is { } creator) others.Add(Reached(Value(creator)));
        return true;
    }

    private string Reached(string reference)
    {
        if (scope.ShareKey is null)
        {
            return $"(+actor_key = {reference} "
                + $"OR (SELECT creator_key FROM share s WHERE s.share_key = audit.share_key) = {reference})";
        }

        string reach = Reach.Replace("{0}", reference, StringComparison.Ordinal);
        return $"(+actor_key IN {reach} OR +subject_key IN {reach})";
    }

    /// <summary>Returns the first position that is not examined any more; null if all are.</summary>
    private long? Boundary(long low, long high)
    {
        long? nearest = null;
        foreach (string branch in branches)
        {
            string window = $"position BETWEEN {Value(low)} AND {Value(high)}";
            string sql = $"SELECT position FROM audit WHERE {branch} AND {window} {Order} LIMIT 1 OFFSET "
                + Value(filter.Examined);
            if (statements.ReadOne<long?>(sql, row => row.Number(0), Bound) is not { } position) continue;
            nearest = nearest is not { } other ? position
                : newestFirst ? Math.Max(other, position) : Math.Min(other, position);
        }

        return nearest;
    }

    private List<AuditEntry> ReadEntries(long low, long high)
    {
        string window = $"position BETWEEN {Value(low)} AND {Value(high)}";
        string count = Value(limit);
        string found = string.Join(" UNION ALL ", branches.Select(branch =>
            $"SELECT * FROM audit WHERE {string.Join(" AND ", [branch, window, .. others])}"));
        return statements.ReadAll(
            $"""
            SELECT a.position, a.time_ms, a.action,
              COALESCE(actor.cap_id, (SELECT cap_id FROM gone_ref WHERE ref_key = a.actor_key)), s.share_id,
              COALESCE(subject.cap_id, (SELECT cap_id FROM gone_ref WHERE ref_key = a.subject_key)),
              a.address, a.code, a.count, a.bytes
            FROM ({found} {Order} LIMIT {count}) a
              LEFT JOIN sturdy_ref actor ON actor.ref_key = a.actor_key LEFT JOIN share s ON s.share_key = a.share_key
              LEFT JOIN sturdy_ref subject ON subject.ref_key = a.subject_key
            {Order.Replace("position", "a.position", StringComparison.Ordinal)}
            """,
            ReadEntry, Bound);
    }

    private long? KeyOf(string capId) => statements.ReadOne<long?>(
        """
        SELECT ref_key FROM sturdy_ref WHERE cap_id = ?1 UNION ALL SELECT ref_key FROM gone_ref WHERE cap_id = ?1
        """,
        row => row.Number(0), capId);

    /// <summary>Returns a position before which no entry is of this time or a later one.</summary>
    private long FirstSince(long ms) => statements.ReadOne<long?>(
        """
        SELECT MIN(position) FROM audit, (SELECT MIN(time_ms) AS first FROM audit WHERE time_ms >= ?1)
        WHERE time_ms BETWEEN first AND first + ?2
        """,
        row => row.NumberOrNull(0), ms, DisorderMs) ?? long.MaxValue;

    /// <summary>Returns a position after which no entry is of an earlier time.</summary>
    private long LastUntil(long ms) => statements.ReadOne<long?>(
        """
        SELECT MAX(position) FROM audit, (SELECT MAX(time_ms) AS last FROM audit WHERE time_ms < ?1)
        WHERE time_ms BETWEEN last - ?2 AND last
        """,
        row => row.NumberOrNull(0), ms, DisorderMs) ?? 0;

    private ReadOnlySpan<SqlValue> Bound => values.ToArray();

    private string Value(SqlValue value)
    {
        values.Add(value);
        return $"?{values.Count}";
    }

    private static AuditEntry ReadEntry(Rows row) => new()
    {
        Position = row.Number(0), TimeMs = row.Number(1), Action = row.Text(2), Actor = row.TextOrNull(3),
        ShareId = row.TextOrNull(4), Subject = row.TextOrNull(5), Address = row.TextOrNull(6),
        Code = row.NumberOrNull(7) is { } code ? ErrorCodes.NameOf((ErrorCode)code) : null,
        Count = row.NumberOrNull(8), Bytes = row.NumberOrNull(9),
    };
}
