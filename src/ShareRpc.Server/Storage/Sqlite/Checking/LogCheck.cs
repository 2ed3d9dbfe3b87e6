using ShareRpc.Protocol.Ops;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite.Checking;

/// <summary>Checks gapless cursors from 1, seq order (I1), unique op ids (I2).</summary>
internal static class LogCheck
{
    /// <summary>Returns the head.</summary>
    public static long Run(CheckRun run, CheckedShare share)
    {
        const string Sql = """
            SELECT o.cursor, o.verb, o.data IS NULL, o.writer_key, o.seq, r.ref_key, w.share_key
            FROM op o LEFT JOIN sturdy_ref r ON r.ref_key = o.actor_key LEFT
              JOIN writer w ON w.writer_key = o.writer_key
            WHERE o.share_key = ?1 ORDER BY o.cursor
            """;
        long head = 0;
        var newestSeqs = new Dictionary<long, long>();
        foreach (Rows row in run.Rows(Sql, share.Key))
        {
            run.Ops++;
            long cursor = row.Number(0);
            if (cursor != head + 1) run.Find("I1", share.ShareId, Missing(head + 1, cursor - 1));
            head = cursor;
            CheckContent(run, share, row);
            CheckWriter(run, share, row, newestSeqs);
            if (row.IsNull(5))
                run.Find("reference", share.ShareId,
                    $"op {cursor} is of a capability that is not there: no reader sees it");
        }

        OpIds(run, share);
        KnownIds(run, share);
        return head;
    }

    public static string Missing(long from, long to) =>
        from == to ? $"cursor {from} is missing" : $"cursors {from} to {to} are missing";

    private static void CheckContent(CheckRun run, CheckedShare share, Rows row)
    {
        long cursor = row.Number(0);
        string verb = row.Text(1);
        bool isKnown = verb is Verbs.Put or Verbs.Remove or Verbs.Append;
        if (!isKnown) run.Find("I1", share.ShareId, $"op {cursor} has an unknown verb");
        bool mustHaveData = verb != Verbs.Remove && cursor > share.Compacted;
        if (isKnown && mustHaveData
            && row.Number(2) != 0) run.Find("fold", share.ShareId, $"op {cursor} has lost its data");
    }

    private static void CheckWriter(CheckRun run, CheckedShare share, Rows row, Dictionary<long, long> newestSeqs)
    {
        long cursor = row.Number(0);
        if (row.IsNull(3) != row.IsNull(4))
            run.Find("I1", share.ShareId, $"op {cursor} has a seq without a writer, or a writer without a seq");
        if (row.IsNull(3) || row.IsNull(4)) return;
        long writer = row.Number(3), seq = row.Number(4);
        if (row.IsNull(6) || row.Number(6) != share.Key)
        {
            run.Find("reference", share.ShareId, $"op {cursor} is of a writer that this share does not have");
        }

        if (newestSeqs.TryGetValue(writer, out long newest) && newest >= seq)
        {
            run.Find("I1", share.ShareId, $"op {cursor} has seq {seq} of its writer, after seq {newest}");
        }

        newestSeqs[writer] = seq;
    }

    private static void OpIds(CheckRun run, CheckedShare share)
    {
        // Does not use what is under test.
        const string Sql = """
            SELECT op_id, MIN(cursor), MAX(cursor) FROM op INDEXED BY sqlite_autoindex_op_1 WHERE share_key = ?1
            GROUP BY op_id HAVING COUNT(*) > 1
            """;
        foreach (Rows row in run.Rows(Sql, share.Key))
        {
            run.Find("I2", share.ShareId,
                $"op id {StoredOpId.Read(row, 0)} was applied at {row.Number(1)} and at {row.Number(2)}");
        }
    }

    /// <summary>Each id up to the checkpoint must be in its table, else an op could be applied again.</summary>
    private static void KnownIds(CheckRun run, CheckedShare share)
    {
        const string Missing = """
            SELECT o.cursor FROM op o LEFT JOIN known_id k ON k.share_key = o.share_key AND k.op_id = o.op_id
            WHERE o.share_key = ?1 AND o.cursor <= ?2 AND k.cursor IS NULL
            """;
        foreach (Rows row in run.Rows(Missing, share.Key, share.Folded))
            run.Find("I2", share.ShareId, $"the id of op {row.Number(0)} is not known: it could be applied again");
        const string Strangers = """
            SELECT k.cursor FROM known_id k LEFT JOIN op o ON o.share_key = k.share_key AND o.cursor = k.cursor
            WHERE k.share_key = ?1 AND (o.op_id IS NULL OR o.op_id <> k.op_id)
            """;
        foreach (Rows row in run.Rows(Strangers, share.Key))
        {
            run.Find("I2", share.ShareId,
                $"an id is known as that of op {row.Number(0)}, which has another or is not there");
        }
    }
}
