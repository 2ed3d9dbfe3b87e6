namespace ShareRpc.Server.Storage.Postgres;

/// <summary>
/// Watermarks of writers, and the runs of seqs at consecutive cursors: the newest in the writer's row, older ones in
/// <c>writer_run</c>.
/// </summary>
internal sealed class PendingWriters
{
    private readonly Dictionary<long, Changes> changes = [];

    public void Add(long writerKey, AppendedBatch batch)
    {
        if (!changes.TryGetValue(writerKey, out Changes? writer)) changes.Add(writerKey, writer = new Changes());
        writer.AckedSeq = batch.AckedSeq ?? writer.AckedSeq;
        foreach (AppliedOp op in batch.Applied)
        {
            if (op.Seq is not { } seq) continue;
            (long first, long cursor, long count) = writer.Runs.Count > 0 ? writer.Runs[^1] : default;
            if (count > 0 && first + count == seq && cursor + count == op.Cursor)
                writer.Runs[^1] = (first, cursor, count + 1);
            else writer.Runs.Add((seq, op.Cursor, 1));
        }
    }

    /// <summary>Sends one statement for the first run of each writer, one for each second run, and so on.</summary>
    public void Send(PostgresSession session)
    {
        for (int round = 0; changes.Count > 0; round++)
        {
            List<long> keys = [.. changes.Keys.Order()];
            (long Seq, long Cursor, long Count)[] runs =
                [.. keys.Select(key => changes[key].Runs.ElementAtOrDefault(round))];
            session.Send(
                """
                WITH c AS (SELECT * FROM unnest($1, $2, $3, $4, $5) AS c (writer_key, acked_seq, seq, cursor, count)),
                former AS (
                  INSERT INTO writer_run (writer_key, seq, cursor, count)
                  SELECT w.writer_key, w.run_seq, w.run_cursor, w.run_count FROM writer w JOIN c USING (writer_key)
                  WHERE c.count > 0 AND w.run_count > 0
                    AND (w.run_seq + w.run_count <> c.seq OR w.run_cursor + w.run_count <> c.cursor))
                UPDATE writer w SET acked_seq = COALESCE(c.acked_seq, w.acked_seq),
                  run_seq = CASE WHEN c.count = 0 OR (w.run_count > 0 AND w.run_seq + w.run_count = c.seq
                    AND w.run_cursor + w.run_count = c.cursor) THEN w.run_seq ELSE c.seq END,
                  run_cursor = CASE WHEN c.count = 0 OR (w.run_count > 0 AND w.run_seq + w.run_count = c.seq
                    AND w.run_cursor + w.run_count = c.cursor) THEN w.run_cursor ELSE c.cursor END,
                  run_count = c.count + CASE WHEN c.count = 0 OR (w.run_count > 0 AND w.run_seq + w.run_count = c.seq
                    AND w.run_cursor + w.run_count = c.cursor) THEN w.run_count ELSE 0 END
                FROM c WHERE w.writer_key = c.writer_key
                """,
                keys.ToArray(), keys.Select(key => changes[key].AckedSeq).ToArray(),
                runs.Select(run => run.Seq).ToArray(), runs.Select(run => run.Cursor).ToArray(),
                runs.Select(run => run.Count).ToArray());
            foreach (long key in keys)
            {
                if (changes[key].Runs.Count <= round + 1) changes.Remove(key);
            }
        }
    }

    private sealed class Changes
    {
        public long? AckedSeq { get; set; }

        public List<(long Seq, long Cursor, long Count)> Runs { get; } = [];
    }
}
