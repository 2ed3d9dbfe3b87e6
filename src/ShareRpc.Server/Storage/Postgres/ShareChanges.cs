namespace ShareRpc.Server.Storage.Postgres;

/// <summary>
/// What a transaction changes of shares and writers: heads, versions and runs of seqs, sent together instead of op by
/// op.
/// </summary>
internal sealed class ShareChanges
{
    private readonly HashSet<long> changed = [];
    private readonly Dictionary<long, (long Head, long TimeMs)> heads = [];
    private readonly List<Run> runs = [];

    /// <summary>Gets the shares whose version the commit raises.</summary>
    public IReadOnlyCollection<long> Changed => changed;

    public void Add(long shareKey) => changed.Add(shareKey);

    public void Advance(OpRow op) => Advance(op.ShareKey, op.Cursor, op.TimeMs, op.WriterKey, op.Seq, count: 1);

    /// <summary>Notes ops up to a cursor; their first one is of the seq.</summary>
    public void Advance(long shareKey, long last, long timeMs, long? writerKey, long? seq, int count)
    {
        changed.Add(shareKey);
        heads[shareKey] = (last, timeMs);
        if (writerKey is not { } writer || seq is not { } firstSeq) return;
        long cursor = last - count + 1;
        Run? run = runs.FindLast(known => known.WriterKey == writer);
        if (run is not null && run.Seq + run.Count == firstSeq && run.Cursor + run.Count == cursor) run.Count += count;
        else runs.Add(new Run(writer, firstSeq, cursor) { Count = count });
    }

    public void SetWatermark(PostgresSession session, long writerKey, long ackedSeq)
    {
        SendRuns(session, writerKey, ackedSeq);
    }

    /// <summary>Sends what a read or a savepoint must find.</summary>
    public void Send(PostgresSession session)
    {
        SendRuns(session, writerKey: null, ackedSeq: null);
        foreach ((long share, (long head, long timeMs)) in heads.OrderBy(entry => entry.Key))
        {
            session.Send("UPDATE share SET head = $2, appended_ms = $3 WHERE share_key = $1", share, head, timeMs);
        }

        heads.Clear();
    }

    /// <summary>Sends the rest, and raises the versions, in the order of the shares' keys.</summary>
    public void SendLast(PostgresSession session)
    {
        SendRuns(session, writerKey: null, ackedSeq: null);
        if (changed.Count == 0) return;
        long[] keys = [.. changed.Order()];
        session.Send(
            """
            UPDATE share s SET version = s.version + 1, head = COALESCE(c.head, s.head),
              appended_ms = COALESCE(c.appended_ms, s.appended_ms)
            FROM unnest($1, $2, $3) AS c (share_key, head, appended_ms) WHERE s.share_key = c.share_key
            """,
            keys, keys.Select(key => heads.TryGetValue(key, out var head) ? head.Head : (long?)null).ToArray(),
            keys.Select(key => heads.TryGetValue(key, out var head) ? head.TimeMs : (long?)null).ToArray());
        heads.Clear();
    }

    /// <summary>Forgets what came after a savepoint.</summary>
    public void Forget()
    {
        heads.Clear();
        runs.Clear();
    }

    private void SendRuns(PostgresSession session, long? writerKey, long? ackedSeq)
    {
        bool isSent = false;
        for (int i = 0; i < runs.Count; i++)
        {
            Run run = runs[i];
            bool isLast = run.WriterKey == writerKey && !runs.Exists(later => later != run
                && later.WriterKey == writerKey && later.Seq > run.Seq);
            isSent |= isLast;
            session.Send(
                """
                WITH former AS (
                  INSERT INTO writer_run (writer_key, seq, cursor, count)
                  SELECT writer_key, run_seq, run_cursor, run_count FROM writer WHERE writer_key = $1
                    AND run_count > 0 AND (run_seq + run_count <> $2 OR run_cursor + run_count <> $3))
                UPDATE writer SET acked_seq = COALESCE($5, acked_seq),
                  (run_seq, run_cursor, run_count) = (SELECT
                    CASE WHEN longer THEN run_seq ELSE $2 END, CASE WHEN longer THEN run_cursor ELSE $3 END,
                    CASE WHEN longer THEN run_count + $4 ELSE $4 END
                    FROM (SELECT run_count > 0 AND run_seq + run_count = $2 AND run_cursor + run_count = $3 AS longer)
                      AS it)
                WHERE writer_key = $1
                """,
                run.WriterKey, run.Seq, run.Cursor, run.Count, isLast ? ackedSeq : null);
        }

        runs.Clear();
        if (writerKey is { } writer && !isSent)
            session.Send("UPDATE writer SET acked_seq = $2 WHERE writer_key = $1", writer, ackedSeq);
    }

    private sealed class Run(long writerKey, long seq, long cursor)
    {
        public long WriterKey => writerKey;

        public long Seq => seq;

        public long Cursor => cursor;

        public long Count { get; set; }
    }
}
