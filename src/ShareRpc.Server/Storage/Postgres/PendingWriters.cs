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
            session.SendCall(
                "SELECT sharerpc_write_writers($1, $2, $3, $4, $5)",
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
