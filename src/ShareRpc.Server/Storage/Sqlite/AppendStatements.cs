using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>What an append looks up and writes, for the write connection.</summary>
internal sealed class AppendStatements
{
    private readonly PreparedStatement insertOp;
    private readonly PreparedStatement insertUnapplied;
    private readonly KnownIds ids;
    private readonly PreparedStatement findMeasure;
    private readonly PreparedStatement setOpenTurn;
    private readonly PreparedStatement writeDoc;
    private readonly PreparedStatement removeDoc;
    private readonly PreparedStatement removeOpenTurn;
    private readonly PreparedStatement setFolded;

    public AppendStatements(Statements statements)
    {
        Begin = statements.Prepare("BEGIN IMMEDIATE");
        Commit = statements.Prepare("COMMIT");
        insertOp = statements.Prepare(
            """
            INSERT INTO op (
              share_key, cursor, op_id, digest, writer_key, seq, verb, kind, key, data, actor_key, time_ms,
              schema_version, class, class_before)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
            """);
        insertUnapplied = statements.Prepare(
            """
            INSERT INTO rejection (share_key, op_id, digest, writer_key, seq, code, cursor)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """);
        ids = new KnownIds(statements);
        findMeasure = statements.Prepare(SqliteReads.MeasureOfDocument);
        setOpenTurn = statements.Prepare(
            """
            INSERT INTO open_turn (share_key, key, cursor, writer_key) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (share_key, key) DO UPDATE SET cursor = excluded.cursor, writer_key = excluded.writer_key
            """);
        removeOpenTurn = statements.Prepare("DELETE FROM open_turn WHERE share_key = ?1 AND key = ?2");
        writeDoc = statements.Prepare(
            """
            INSERT INTO doc (share_key, kind, key, cursor, data, size, class) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (share_key, kind, key)
            DO UPDATE SET cursor = excluded.cursor, data = excluded.data, size = excluded.size, class = excluded.class
            """);
        removeDoc = statements.Prepare("DELETE FROM doc WHERE share_key = ?1 AND kind = ?2 AND key = ?3");
        setFolded = statements.Prepare("UPDATE share SET folded = ?2 WHERE share_key = ?1");
        Runs = new WriterRuns(statements);
        Quotas = new Quotas(statements);
    }

    public PreparedStatement Begin { get; }

    public PreparedStatement Commit { get; }

    public WriterRuns Runs { get; }

    public Quotas Quotas { get; }

    /// <summary>Call after a rollback: what was remembered of the transaction never was.</summary>
    public void Forget()
    {
        Runs.Forget();
        Quotas.Forget();
        ids.Forget();
    }

    public AppendFacts Read(AppendLookup lookup)
    {
        Dictionary<(string, string), DocumentMeasure>? documents = null;
        foreach ((string kind, string key) in lookup.Documents)
        {
            using Rows row = findMeasure.Bind(1, lookup.ShareKey).Bind(2, kind).Bind(3, key).Query();
            (documents ??= [])[(kind, key)] = row.Read() ? SqliteReads.ReadMeasure(row) : DocumentMeasure.None;
        }

        var uses = new Dictionary<long, DayUse>(lookup.Refs.Count);
        foreach (long refKey in lookup.Refs) uses[refKey] = Quotas.Find(refKey, lookup.Day);
        return new AppendFacts
        {
            Records = ids.Find(lookup.ShareKey, lookup.OpIds) ?? AppendFacts.None.Records,
            Documents = documents ?? AppendFacts.None.Documents, Uses = uses,
        };
    }

    public void Write(AppendedBatch batch)
    {
        NewestIds newest = ids.NewestOf(batch.ShareKey);
        int before = newest.Weight;
        foreach (AppliedOp applied in batch.Applied)
        {
            OpIntent op = applied.Op;
            if (!newest.TryAdd(StoredOpId.Of(op.OpId), applied.Cursor))
                throw new InvalidOperationException("The op id is known.");
            insertOp
                .Bind(1, batch.ShareKey).Bind(2, applied.Cursor).BindOpId(3, op.OpId).BindBytes(4, applied.Digest)
                .Bind(5, batch.WriterKey).Bind(6, op.Seq).Bind(7, op.Verb).Bind(8, op.Kind).Bind(9, op.Key)
                .BindBytes(10, op.Data?.Utf8).Bind(11, batch.ActorKey).Bind(12, batch.TimeMs)
                .Bind(13, Subprotocols.SchemaVersion).Bind(14, (int)applied.Class).Bind(15, (int)applied.ClassBefore)
                .Run();
            if (batch.WriterKey is { } writer && op.Seq is { } seq) Runs.Add(writer, seq, applied.Cursor);
        }

        ids.Added(newest.Weight - before);
        newest.HasUnapplied |= batch.Unapplied.Count > 0;
        foreach (UnappliedOp op in batch.Unapplied)
        {
            insertUnapplied
                .Bind(1, batch.ShareKey).BindOpId(2, op.OpId).BindBytes(3, op.Digest).Bind(4, batch.WriterKey)
                .Bind(5, op.Seq).Bind(6, (long?)op.Code).Bind(7, op.Cursor).Run();
        }

        foreach (TurnMark turn in batch.Turns)
        {
            long? writer = turn.IsStreaming ? batch.WriterKey ?? OpenTurnRow.NoWriter : null;
            SetOpenTurn(batch.ShareKey, turn.Key, turn.Cursor, writer);
        }

        if (batch is { WriterKey: { } acked, AckedSeq: { } ackedSeq }) Runs.SetWatermark(acked, ackedSeq);
    }

    public void Write(long shareKey, IReadOnlyList<FoldedDoc> docs)
    {
        foreach (FoldedDoc doc in docs)
        {
            PreparedStatement statement = doc.IsRemoved ? removeDoc : writeDoc;
            statement.Bind(1, shareKey).Bind(2, doc.Kind).Bind(3, doc.Key);
            if (!doc.IsRemoved)
            {
                statement.Bind(4, doc.Cursor).BindBytes(5, doc.Data?.Utf8).Bind(6, doc.Size).Bind(7, (int)doc.Class);
            }

            statement.Run();
        }
    }

    /// <summary>Writes the ids of the folded ops, too.</summary>
    public void SetFolded(long shareKey, long folded)
    {
        ids.Index(shareKey, folded);
        setFolded.Bind(1, shareKey).Bind(2, folded).Run();
    }

    public void SetOpenTurn(long shareKey, string key, long cursor, long? writerKey)
    {
        if (writerKey is null) removeOpenTurn.Bind(1, shareKey).Bind(2, key).Run();
        else setOpenTurn.Bind(1, shareKey).Bind(2, key).Bind(3, cursor).Bind(4, writerKey).Run();
    }
}
