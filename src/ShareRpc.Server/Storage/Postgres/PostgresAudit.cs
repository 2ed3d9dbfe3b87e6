using System.Globalization;
using Npgsql;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using static ShareRpc.Server.Storage.Postgres.PostgresRows;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>
/// Reads a page of the audit trail. Conditions beyond the first are tested on at most
/// <see cref="AuditFilter.Examined"/> entries, so that a page has bounded cost.
/// </summary>
internal sealed class PostgresAudit(
    PostgresSession session, RefScope scope, AuditFilter filter, long after, int limit, bool newestFirst)
{
    /// <summary>How far times may fall along the trail, as in the other store.</summary>
    private const long DisorderMs = 2 * 60 * 60 * 1000;

    private const string Reach = """
        (WITH RECURSIVE reach (key) AS (
          SELECT {0}::bigint
          UNION ALL SELECT child.ref_key FROM reach JOIN (
            SELECT ref_key, parent_key FROM sturdy_ref UNION ALL SELECT ref_key, parent_key FROM gone_ref) child
            ON child.parent_key = reach.key)
        SELECT key FROM reach)
        """;

    private readonly List<Func<PostgresValue>> values = [];

    /// <summary>Conditions that have an index: together they choose the entries that are examined.</summary>
    private readonly List<string> indexed = [];

    private readonly List<string> others = [];

    private string Order => newestFirst ? "ORDER BY position DESC" : "ORDER BY position";

    public async ValueTask<AuditRows> ReadAsync()
    {
        long low = newestFirst ? 0 : Math.Min(after, long.MaxValue - 1) + 1;
        long high = newestFirst && after > 0 ? after - 1 : long.MaxValue;
        if (filter.SinceMs is { } since) low = Math.Max(low, await FirstSinceAsync(since));
        if (filter.UntilMs is { } until) high = Math.Min(high, await LastUntilAsync(until));
        if (low > high || !await ChooseAsync()) return new AuditRows([], null);
        long? stop = others.Count > 0 ? await BoundaryAsync(low, high) : null;
        if (stop is { } end) (low, high) = newestFirst ? (end + 1, high) : (low, end - 1);
        List<AuditEntry> entries = await ReadEntriesAsync(low, high);
        long? next = entries.Count == limit ? entries[^1].Position : newestFirst ? stop + 1 : stop - 1;
        return new AuditRows(entries, next);
    }

    /// <summary>Digests the entries without a seal. All positions below the last one it sees are committed.</summary>
    public static async ValueTask<AuditSeal?> SealAsync(PostgresSession session, int entries)
    {
        (long Last, byte[] Digest) before = await session.ReadOneAsync(
            """
            SELECT last, digest FROM
              (SELECT last, digest FROM audit_seal UNION ALL SELECT last, digest FROM audit_anchor) AS seals
            ORDER BY last DESC LIMIT 1
            """,
            row => (row.GetInt64(0), Bytes(row, 1)));
        using AuditChain chain = await ReadChainAsync(session, before.Last, before.Digest, entries);
        return chain.First == 0 ? null : chain.Seal();
    }

    /// <summary>Digests entries after a position, behind the digest of those before.</summary>
    public static async ValueTask<AuditChain> ReadChainAsync(
        PostgresSession session, long after, byte[] digest, int entries, long last = long.MaxValue)
    {
        var chain = new AuditChain(digest);
        string?[] columns = new string?[AuditChain.Columns];
        await session.QueryAsync(
            """
            SELECT position::text, time_ms::text, action, actor_key::text, share_key::text, subject_key::text, address,
              code::text, count::text, bytes::text
            FROM audit WHERE position > $1 AND position <= $3 ORDER BY position LIMIT $2
            """,
            [after, entries, last], row =>
            {
                for (int i = 0; i < columns.Length; i++) columns[i] = Text(row, i);
                chain.Add(columns);
                return true;
            });
        return chain;
    }

    /// <summary>Returns false if a ref is unknown, so that nothing can match.</summary>
    private async ValueTask<bool> ChooseAsync()
    {
        if (filter.CapId is { } capId)
        {
            if (await KeyOfAsync(capId) is not { } key) return false;
            string reference = Value(() => key);
            indexed.Add($"(actor_key = {reference} OR subject_key = {reference})");
        }

        if (scope.ShareKey is { } share) indexed.Add($"share_key = {Value(() => share)}");
        if (filter.Address is { } address) indexed.Add($"address = {Value(() => address)}");
        if (filter.Code is { } code) indexed.Add($"code = {Value(() => (int)code)}");
        if (filter.Action is { } action) indexed.Add($"action = {Value(() => action)}");
        others.AddRange(indexed.Skip(1));
        if (indexed.Count > 1) indexed.RemoveRange(1, indexed.Count - 1);
        if (filter.SinceMs is { } since) others.Add($"time_ms >= {Value(() => since)}");
        if (filter.UntilMs is { } until) others.Add($"time_ms < {Value(() => until)}");
        if (scope.CreatorKey is { } creator) others.Add(Reached(Value(() => creator)));
        if (indexed.Count == 0) indexed.Add("true");
        return true;
    }

    private string Reached(string reference)
    {
        if (scope.ShareKey is null)
        {
            return $"(actor_key = {reference} "
                + $"OR (SELECT creator_key FROM share s WHERE s.share_key = audit.share_key) = {reference})";
        }

        string reach = Reach.Replace("{0}", reference, StringComparison.Ordinal);
        return $"(actor_key IN {reach} OR subject_key IN {reach})";
    }

    /// <summary>Returns the first position that is not examined any more; null if all are.</summary>
    private ValueTask<long?> BoundaryAsync(long low, long high)
    {
        string window = $"position BETWEEN {Value(() => low)} AND {Value(() => high)}";
        string sql = $"SELECT position FROM audit WHERE {indexed[0]} AND {window} {Order} "
            + $"LIMIT 1 OFFSET {Value(() => filter.Examined)}";
        return session.ReadOneAsync<long?>(sql, row => row.GetInt64(0), Bound);
    }

    private ValueTask<List<AuditEntry>> ReadEntriesAsync(long low, long high)
    {
        string window = $"position BETWEEN {Value(() => low)} AND {Value(() => high)}";
        string found = string.Join(" AND ", [indexed[0], window, .. others]);
        return session.ReadAllAsync(
            $"""
            SELECT a.position, a.time_ms, a.action,
              COALESCE(actor.cap_id, (SELECT cap_id FROM gone_ref WHERE ref_key = a.actor_key)), s.share_id,
              COALESCE(subject.cap_id, (SELECT cap_id FROM gone_ref WHERE ref_key = a.subject_key)),
              a.address, a.code, a.count, a.bytes
            FROM (SELECT * FROM audit WHERE {found} {Order} LIMIT {Value(() => limit)}) a
              LEFT JOIN sturdy_ref actor ON actor.ref_key = a.actor_key LEFT JOIN share s ON s.share_key = a.share_key
              LEFT JOIN sturdy_ref subject ON subject.ref_key = a.subject_key
            {Order.Replace("position", "a.position", StringComparison.Ordinal)}
            """,
            Entry, Bound);
    }

    private ValueTask<long?> KeyOfAsync(string capId) => session.ReadOneAsync<long?>(
        "SELECT ref_key FROM sturdy_ref WHERE cap_id = $1 UNION ALL SELECT ref_key FROM gone_ref WHERE cap_id = $1",
        row => row.GetInt64(0), capId);

    /// <summary>Returns a position before which no entry is of this time or a later one.</summary>
    private async ValueTask<long> FirstSinceAsync(long ms) => await session.ReadOneAsync<long?>(
        """
        SELECT min(position) FROM audit, (SELECT min(time_ms) AS first FROM audit WHERE time_ms >= $1) AS earliest
        WHERE time_ms BETWEEN first AND first + $2
        """,
        row => Number(row, 0), ms, DisorderMs) ?? long.MaxValue;

    /// <summary>Returns a position after which no entry is of an earlier time.</summary>
    private async ValueTask<long> LastUntilAsync(long ms) => await session.ReadOneAsync<long?>(
        """
        SELECT max(position) FROM audit, (SELECT max(time_ms) AS last FROM audit WHERE time_ms < $1) AS latest
        WHERE time_ms BETWEEN last - $2 AND last
        """,
        row => Number(row, 0), ms, DisorderMs) ?? 0;

    private PostgresValue[] Bound => [.. values.Select(value => value())];

    private string Value(Func<PostgresValue> value)
    {
        values.Add(value);
        return $"${values.Count.ToString(CultureInfo.InvariantCulture)}";
    }

    private static AuditEntry Entry(NpgsqlDataReader row) => new()
    {
        Position = row.GetInt64(0), TimeMs = row.GetInt64(1), Action = row.GetString(2), Actor = Text(row, 3),
        ShareId = Text(row, 4), Subject = Text(row, 5), Address = Text(row, 6),
        Code = row.IsDBNull(7) ? null : ErrorCodes.NameOf((ErrorCode)row.GetInt32(7)),
        Count = Number(row, 8), Bytes = Number(row, 9),
    };
}
