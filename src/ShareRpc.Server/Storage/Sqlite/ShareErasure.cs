using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>Erases a part of what a deleted share holds, small enough for the thread that commits.</summary>
internal sealed class ShareErasure(Statements statements, long shareKey, int rows)
{
    /// <summary>Returns false when nothing was left.</summary>
    public bool EraseSome(long bytes)
    {
        if (EraseOps(bytes)) return true;
        statements.Execute("DELETE FROM open_turn WHERE share_key = ?1", shareKey);
        if (EraseDocs(bytes)) return true;
        bool isSome = 0 < statements.Execute(
            """
            DELETE FROM known_id WHERE share_key = ?1
              AND op_id IN (SELECT op_id FROM known_id WHERE share_key = ?1 LIMIT ?2)
            """,
            shareKey, rows);
        isSome = isSome || 0 < statements.Execute(
            "DELETE FROM rejection WHERE rowid IN (SELECT rowid FROM rejection WHERE share_key = ?1 LIMIT ?2)",
            shareKey, rows);
        isSome = isSome || 0 < statements.Execute(
            """
            DELETE FROM writer_run WHERE (writer_key, seq) IN (
              SELECT r.writer_key, r.seq FROM writer w JOIN writer_run r ON r.writer_key = w.writer_key
              WHERE w.share_key = ?1 LIMIT ?2)
            """,
            shareKey, rows);
        if (isSome) return true;

        // A title of the session: content, too.
        statements.Execute(
            """
            UPDATE sturdy_ref SET label = NULL
            WHERE ref_key = (SELECT owner_ref_key FROM share WHERE share_key = ?1) AND label IS NOT NULL
            """,
            shareKey);
        statements.Execute("UPDATE share SET label = NULL WHERE share_key = ?1 AND label IS NOT NULL", shareKey);
        return false;
    }

    private bool EraseOps(long bytes)
    {
        long last = Last(
            statements.ReadAll(
                "SELECT cursor, LENGTH(data) FROM op WHERE share_key = ?1 ORDER BY cursor LIMIT ?2",
                row => (row.Number(0), row.Number(1)), shareKey, rows),
            bytes);
        return last > 0
            && statements.Execute("DELETE FROM op WHERE share_key = ?1 AND cursor <= ?2", shareKey, last) > 0;
    }

    private bool EraseDocs(long bytes)
    {
        (string Kind, string Key) last = Last(
            statements.ReadAll(
                "SELECT kind, key, COALESCE(LENGTH(data), 0) FROM doc WHERE share_key = ?1 ORDER BY kind, key LIMIT ?2",
                row => ((row.Text(0), row.Text(1)), row.Number(2)), shareKey, rows),
            bytes);
        return last.Kind is not null && 0 < statements.Execute(
            "DELETE FROM doc WHERE share_key = ?1 AND (kind, key) <= (?2, ?3)", shareKey, last.Kind, last.Key);
    }

    /// <summary>Returns the first with which there are so many bytes, or the last.</summary>
    private static T? Last<T>(List<(T Id, long Bytes)> found, long bytes)
    {
        foreach ((T id, long size) in found)
        {
            bytes -= size;
            if (bytes <= 0) return id;
        }

        return found.Count > 0 ? found[^1].Id : default;
    }
}
