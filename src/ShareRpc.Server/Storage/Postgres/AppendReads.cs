using Npgsql;
using static ShareRpc.Server.Storage.Postgres.PostgresRows;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>Answers the lookups of a group with one message.</summary>
internal sealed class AppendReads(IReadOnlyList<AppendLookup> lookups)
{
    private const string Records =
        """
        SELECT k.i, r.op_id, r.digest, r.cursor, r.applied, r.code
        FROM unnest($1, $2, $3) AS k (i, share_key, op_id) JOIN LATERAL (
          (SELECT op_id, digest, cursor, true AS applied, NULL::int AS code FROM op o
            WHERE o.share_key = k.share_key AND o.op_id = k.op_id)
          UNION ALL (SELECT op_id, digest, cursor, false, code FROM rejection j
            WHERE j.share_key = k.share_key AND j.op_id = k.op_id
            ORDER BY code IS NOT NULL, rejection_key DESC LIMIT 1) LIMIT 1) r ON true
        """;

    private const string Documents =
        """
        SELECT k.i, k.kind, k.key, d.size, d.class, d.cursor FROM unnest($1, $2, $3, $4) AS k (i, share_key, kind, key)
          JOIN LATERAL (SELECT size, class, cursor FROM doc o
            WHERE o.share_key = k.share_key AND o.kind = k.kind AND o.key = k.key LIMIT 1) d ON true
        """;

    private const string Uses =
        """
        SELECT k.i, q.ref_key, q.ops, q.bytes, q.rejections, q.duplicates
        FROM unnest($1, $2, $3) AS k (i, ref_key, day) JOIN quota q ON q.ref_key = k.ref_key AND q.day = k.day
        """;

    /// <summary>Counters of refs over many shares; those of a share are under its lock.</summary>
    public const string LockUses =
        """
        SELECT pg_advisory_xact_lock(1, hashint8(ref_key)) FROM (
          SELECT ref_key FROM sturdy_ref WHERE ref_key = ANY ($1) AND share_key IS NULL ORDER BY ref_key) many
        """;

    private readonly Dictionary<string, OpRecord>?[] records = new Dictionary<string, OpRecord>?[lookups.Count];
    private readonly Dictionary<(string, string), DocumentMeasure>?[] documents =
        new Dictionary<(string, string), DocumentMeasure>?[lookups.Count];

    private readonly Dictionary<long, DayUse>?[] uses = new Dictionary<long, DayUse>?[lookups.Count];

    public async ValueTask<IReadOnlyList<AppendFacts>> ReadAsync(PostgresSession session)
    {
        List<(int I, string Id)> ids = Flat(lookup => lookup.OpIds);
        List<(int I, (string Kind, string Key) Doc)> docs = Flat(lookup => lookup.Documents);
        List<(int I, long Ref)> refs = Flat(lookup => lookup.Refs);
        var commands = new List<(NpgsqlBatchCommand Command, Action<NpgsqlDataReader> Take)>();
        if (refs.Count > 0) session.SendCall(LockUses, refs.Select(entry => entry.Ref).Distinct().ToArray());
        if (ids.Count > 0)
        {
            commands.Add((PostgresSession.Command(
                Records, ids.Select(entry => entry.I).ToArray(), ids.Select(entry => Share(entry.I)).ToArray(),
                ids.Select(entry => OpId(entry.Id)).ToArray()), TakeRecord));
        }

        if (docs.Count > 0)
        {
            commands.Add((PostgresSession.Command(
                Documents, docs.Select(entry => entry.I).ToArray(), docs.Select(entry => Share(entry.I)).ToArray(),
                docs.Select(entry => entry.Doc.Kind).ToArray(), docs.Select(entry => entry.Doc.Key).ToArray()),
                TakeDocument));
        }

        if (refs.Count > 0)
        {
            commands.Add((PostgresSession.Command(
                Uses, refs.Select(entry => entry.I).ToArray(), refs.Select(entry => entry.Ref).ToArray(),
                refs.Select(entry => lookups[entry.I].Day).ToArray()), TakeUse));
        }

        await session.QueryAsync([.. commands.Select(entry => entry.Command)], (statement, row) =>
        {
            commands[statement].Take(row);
            return true;
        });
        return [.. lookups.Select(Facts)];
    }

    private AppendFacts Facts(AppendLookup lookup, int i) => new()
    {
        Records = records[i] ?? AppendFacts.None.Records,
        Documents = lookup.Documents.Count == 0 ? AppendFacts.None.Documents : lookup.Documents.Distinct().ToDictionary(
            doc => doc, doc => documents[i]?.GetValueOrDefault(doc) ?? DocumentMeasure.None),
        Uses = lookup.Refs.Distinct().ToDictionary(
            key => key, key => uses[i]?.GetValueOrDefault(key) ?? default),
    };

    private void TakeRecord(NpgsqlDataReader row)
    {
        OpRecord record = Record(row, 1);
        (records[row.GetInt32(0)] ??= new(StringComparer.Ordinal))[record.OpId] = record;
    }

    private void TakeDocument(NpgsqlDataReader row) =>
        (documents[row.GetInt32(0)] ??= [])[(row.GetString(1), row.GetString(2))] =
            new DocumentMeasure(row.GetInt64(3), (ContentClass)row.GetInt32(4), row.GetInt64(5));

    private void TakeUse(NpgsqlDataReader row) =>
        (uses[row.GetInt32(0)] ??= [])[row.GetInt64(1)] =
            new DayUse(row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5));

    private long Share(int i) => lookups[i].ShareKey;

    private List<(int I, T Value)> Flat<T>(Func<AppendLookup, IReadOnlyList<T>> values) =>
        [.. lookups.SelectMany((lookup, i) => values(lookup).Select(value => (i, value)))];
}
