using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite.Checking;

/// <summary>
/// Compares documents with the fold of the log to the checkpoint, one at a time; SQLite sorts the ops.
/// </summary>
internal sealed class FoldCheck(CheckRun run, CheckedShare share)
{
    private readonly List<long> cursors = [];
    private (string Kind, string Key)? current;

    public static void Run(CheckRun run, CheckedShare share, long head)
    {
        if (share.Folded > head)
            run.Find("fold", share.ShareId, $"the checkpoint is at {share.Folded}, beyond the head {head}");
        new FoldCheck(run, share).Run();
    }

    private void Run()
    {
        const string Sql =
            "SELECT kind, key, cursor, verb FROM op WHERE share_key = ?1 AND cursor <= ?2 ORDER BY kind, key, cursor";
        foreach (Rows row in run.Rows(Sql, share.Key, share.Folded))
        {
            (string, string) document = (row.Text(0), row.Text(1));
            if (document != current) CheckDocument();
            current = document;
            if (row.Text(3) != Verbs.Append) cursors.Clear();
            cursors.Add(row.Number(2));
        }

        CheckDocument();
        Strangers();
    }

    private void CheckDocument()
    {
        if (current is not var (kind, key)) return;
        long last = cursors[^1];
        bool hasAllData = TryFold(out RawJson? expected, out bool isRemoved, out bool hasLastData);
        cursors.Clear();
        const string Sql = """
            SELECT d.cursor, d.data, o.data, o.verb FROM doc d
              LEFT JOIN op o ON o.share_key = d.share_key AND o.cursor = d.cursor
            WHERE d.share_key = ?1 AND d.kind = ?2 AND d.key = ?3
            """;
        (long Cursor, RawJson? Data)? stored = null;
        foreach (Rows row in run.Rows(Sql, share.Key, kind, key))
        {
            run.Documents++;
            bool isPointer = row.IsNull(1) && row.TextOrNull(3) == Verbs.Put;
            int column = isPointer ? 2 : 1;
            stored = (row.Number(0), row.IsNull(column) ? null : new RawJson(row.Blob(column).ToArray()));
        }

        bool hasLost = !isRemoved && !hasLastData && last <= share.Compacted;
        string? wrong = stored switch
        {
            null => isRemoved ? null : $"it is missing: it was written at {last}",
            _ when isRemoved => $"it was removed at {last}, and is there",
            var (cursor, data) when cursor != last
                || (hasAllData && data?.Utf8.Span.SequenceEqual(expected!.Value.Utf8.Span) != true) =>
                $"as of {cursor} it is not what the log makes of it up to {last}",
            _ => null,
        };
        if ((!hasLost && wrong is null) || IsSaidLater(kind, key)) return;
        if (hasLost)
            run.Find("fold", share.ShareId, $"document {kind} {key}: op {last}, its last one, has lost its data");
        if (wrong is not null) run.Find("fold", share.ShareId, $"document {kind} {key}: {wrong}");
    }

    /// <summary>An unfinished fold skips documents that a later op sets.</summary>
    private bool IsSaidLater(string kind, string key)
    {
        const string Sql = """
            SELECT COUNT(*) FROM (SELECT 1 FROM op WHERE share_key = ?1 AND cursor > ?2 AND kind = ?3 AND key = ?4
              AND verb <> ?5 LIMIT 1)
            """;
        return run.Number(Sql, share.Key, share.Folded, kind, key, Verbs.Append) > 0;
    }

    /// <summary>Returns false for compacted data: compare cursors only.</summary>
    private bool TryFold(out RawJson? folded, out bool isRemoved, out bool hasLastData)
    {
        (folded, isRemoved, hasLastData) = (null, false, false);
        bool hasAllData = true;
        var appends = new AppendRun();
        foreach (long cursor in cursors)
        {
            foreach (Rows row in run.Rows("SELECT verb, data FROM op WHERE share_key = ?1 AND cursor = ?2", share.Key,
                cursor))
            {
                string verb = row.Text(0);
                isRemoved = verb == Verbs.Remove;
                hasLastData = !row.IsNull(1);
                hasAllData &= isRemoved || hasLastData;
                if (isRemoved || !hasLastData) continue;
                var data = new RawJson(row.Blob(1).ToArray());
                if (verb == Verbs.Put) folded = data;
                else if (!appends.TryAdd(data)) (folded, appends) = (appends.Fold(folded), AppendRun.Of(data));
            }
        }

        folded = appends.Fold(folded);
        return hasAllData;
    }

    private void Strangers()
    {
        const string Sql = """
            SELECT d.kind, d.key FROM doc d LEFT JOIN op o ON o.share_key = d.share_key AND o.cursor = d.cursor
            WHERE d.share_key = ?1 AND (o.cursor IS NULL OR o.kind <> d.kind OR o.key <> d.key OR d.cursor > ?2)
            """;
        foreach (Rows row in run.Rows(Sql, share.Key, share.Folded))
        {
            string document = $"{row.Text(0)} {row.Text(1)}";
            run.Find("fold", share.ShareId, $"document {document}: no op up to the checkpoint made it what it is");
        }
    }
}
