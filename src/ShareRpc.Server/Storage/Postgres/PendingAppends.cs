using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>
/// What a transaction appends, column by column: the ops of all its batches are one statement. Heads and versions of
/// the shares go last.
/// </summary>
internal sealed class PendingAppends
{
    private readonly HashSet<long> changed = [];
    private readonly Dictionary<long, (long Head, long? TimeMs)> heads = [];
    private readonly PendingWriters writers = new();
    private readonly List<(AppendedBatch Batch, AppliedOp Op)> ops = [];
    private readonly List<(AppendedBatch Batch, UnappliedOp Op)> unapplied = [];
    private readonly List<(AppendedBatch Batch, TurnMark Turn)> turns = [];

    /// <summary>Gets the shares of op ids that are taken for new.</summary>
    public List<long> NewShares { get; } = [];

    public List<byte[]> NewIds { get; } = [];

    /// <summary>Gets the documents that are taken for new.</summary>
    public List<(long Share, string Kind, string Key)> NewDocuments { get; } = [];

    /// <summary>Gets the shares whose version the commit raises.</summary>
    public IReadOnlyCollection<long> Changed => changed;

    /// <summary>
    /// Gets whether the op ids are new as far as is known: the database proves it with the insert.
    /// </summary>
    public bool IsTrusting { get; private set; }

    /// <summary>Takes what a batch needs to know of ids and documents for new.</summary>
    public AppendFacts Trust(AppendLookup lookup)
    {
        IsTrusting = true;
        if (lookup.Documents.Count == 0) return AppendFacts.None;
        var documents = new Dictionary<(string, string), DocumentMeasure>();
        foreach ((string kind, string key) in lookup.Documents)
        {
            if (documents.TryAdd((kind, key), DocumentMeasure.None)) NewDocuments.Add((lookup.ShareKey, kind, key));
        }

        return new AppendFacts { Documents = documents };
    }

    public void Add(long shareKey) => changed.Add(shareKey);

    public void Add(AppendedBatch batch)
    {
        changed.Add(batch.ShareKey);
        foreach (AppliedOp op in batch.Applied) ops.Add((batch, op));
        foreach (UnappliedOp op in batch.Unapplied) unapplied.Add((batch, op));
        foreach (TurnMark turn in batch.Turns) turns.Add((batch, turn));
        if (batch.Applied.Count > 0)
        {
            long? time = batch.Applied.Any(op => op.Op.Kind != Kinds.Comment)
                ? batch.TimeMs : heads.GetValueOrDefault(batch.ShareKey).TimeMs;
            heads[batch.ShareKey] = (batch.Applied[^1].Cursor, time);
        }

        if (batch.WriterKey is { } writer) writers.Add(writer, batch);
    }

    /// <summary>Sends what a read must find.</summary>
    public void Send(PostgresSession session)
    {
        SendOps(session);
        if (heads.Count == 0) return;
        session.Send(
            """
            UPDATE share s SET head = c.head, appended_ms = COALESCE(c.appended_ms, s.appended_ms)
            FROM unnest($1, $2, $3) AS c (share_key, head, appended_ms) WHERE s.share_key = c.share_key
            """,
            heads.Keys.ToArray(), heads.Values.Select(head => head.Head).ToArray(),
            heads.Values.Select(head => head.TimeMs).ToArray());
        heads.Clear();
    }

    /// <summary>Sends the rest, and raises the versions.</summary>
    public void SendLast(PostgresSession session)
    {
        SendOps(session);
        if (changed.Count == 0) return;
        long[] keys = [.. changed.Order()];
        session.SendCall(
            "SELECT sharerpc_raise($1, $2, $3)",
            keys, Array.ConvertAll(keys, key => heads.TryGetValue(key, out var head) ? head.Head : (long?)null),
            Array.ConvertAll(keys, key => heads.TryGetValue(key, out var head) ? head.TimeMs : null));
        heads.Clear();
    }

    private void SendOps(PostgresSession session)
    {
        if (ops.Count > 0) SendApplied(session);
        if (unapplied.Count > 0)
        {
            session.Send(
                """
                INSERT INTO rejection (share_key, op_id, digest, writer_key, seq, code, cursor)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
                """,
                Column(unapplied, entry => entry.Batch.ShareKey),
                Column(unapplied, entry => PostgresRows.OpId(entry.Op.OpId)),
                Column(unapplied, entry => entry.Op.Digest), Column(unapplied, entry => entry.Batch.WriterKey),
                Column(unapplied, entry => entry.Op.Seq), Column(unapplied, entry => (int?)entry.Op.Code),
                Column(unapplied, entry => entry.Op.Cursor));
            unapplied.Clear();
        }

        writers.Send(session);
        foreach ((AppendedBatch batch, TurnMark turn) in turns)
        {
            long? writer = turn.IsStreaming ? batch.WriterKey ?? OpenTurnRow.NoWriter : null;
            SendTurn(session, batch.ShareKey, turn.Key, turn.Cursor, writer);
        }

        turns.Clear();
    }

    private void SendApplied(PostgresSession session)
    {
        long[] shares = Column(ops, entry => entry.Batch.ShareKey);
        byte[][] ids = Column(ops, entry => PostgresRows.OpId(entry.Op.Op.OpId));
        if (IsTrusting && session.Opening is not null)
        {
            NewShares.AddRange(shares);
            NewIds.AddRange(ids);
        }
        else if (IsTrusting)
        {
            session.SendCall("SELECT sharerpc_prove_new($1, $2)", shares, ids);
        }

        session.Send(
            """
            INSERT INTO op (share_key, cursor, op_id, digest, writer_key, seq, time_ms, actor_key, class, class_before,
              verb, kind, key, data, schema_version)
            SELECT *, $15 FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            """,
            shares, Column(ops, entry => entry.Op.Cursor), ids, Column(ops, entry => entry.Op.Digest),
            Column(ops, entry => entry.Batch.WriterKey), Column(ops, entry => entry.Op.Seq),
            Column(ops, entry => entry.Batch.TimeMs), Column(ops, entry => entry.Batch.ActorKey),
            Column(ops, entry => (int)entry.Op.Class), Column(ops, entry => (int)entry.Op.ClassBefore),
            Column(ops, entry => entry.Op.Op.Verb), Column(ops, entry => entry.Op.Op.Kind),
            Column(ops, entry => entry.Op.Op.Key), Column(ops, entry => entry.Op.Op.Data?.Utf8),
            Subprotocols.SchemaVersion);
        ops.Clear();
    }

    public static void SendTurn(PostgresSession session, long shareKey, string key, long cursor, long? writerKey)
    {
        if (writerKey is null)
        {
            session.Send("DELETE FROM open_turn WHERE share_key = $1 AND key = $2", shareKey, key);
            return;
        }

        session.Send(
            """
            INSERT INTO open_turn (share_key, key, cursor, writer_key) VALUES ($1, $2, $3, $4)
            ON CONFLICT (share_key, key) DO UPDATE SET cursor = excluded.cursor, writer_key = excluded.writer_key
            """,
            shareKey, key, cursor, writerKey);
    }

    private static TValue[] Column<TEntry, TValue>(List<TEntry> entries, Func<TEntry, TValue> value)
    {
        var column = new TValue[entries.Count];
        for (int i = 0; i < column.Length; i++) column[i] = value(entries[i]);
        return column;
    }
}
