namespace ShareRpc.Server.Storage.Postgres;

/// <summary>Erases a part of what a deleted share holds.</summary>
internal sealed class PostgresErasure(PostgresSession session, long shareKey, int rows)
{
    /// <summary>Returns false when nothing was left.</summary>
    public async ValueTask<bool> EraseSomeAsync(long bytes)
    {
        if (await EraseAsync("op", "cursor", "COALESCE(length(data), 0)", bytes)) return true;
        session.Send("DELETE FROM open_turn WHERE share_key = $1", shareKey);
        if (await EraseAsync("doc", "kind, key", "COALESCE(length(data), 0)", bytes)) return true;
        if (await EraseAsync("rejection", "rejection_key", "0", bytes)) return true;
        long runs = await session.ReadNumberAsync(
            """
            WITH part AS (
              SELECT r.writer_key, r.seq FROM writer w JOIN writer_run r ON r.writer_key = w.writer_key
              WHERE w.share_key = $1 LIMIT $2),
            erased AS (
              DELETE FROM writer_run WHERE (writer_key, seq) IN (SELECT writer_key, seq FROM part) RETURNING 1)
            SELECT count(*) FROM erased
            """,
            shareKey, rows);
        if (runs > 0) return true;

        // A title of the session: content, too.
        session.Send(
            """
            UPDATE sturdy_ref SET label = NULL
            WHERE ref_key = (SELECT owner_ref_key FROM share WHERE share_key = $1) AND label IS NOT NULL
            """,
            shareKey);
        session.Send("UPDATE share SET label = NULL, head = 0, appended_ms = NULL WHERE share_key = $1", shareKey);
        return false;
    }

    /// <summary>Erases up to the row with which there are so many bytes, that one too.</summary>
    private async ValueTask<bool> EraseAsync(string table, string key, string size, long bytes) =>
        0 < await session.ReadNumberAsync(
            $"""
            WITH first AS (SELECT {key}, {size} AS size FROM {table} WHERE share_key = $1 ORDER BY {key} LIMIT $2),
            part AS (SELECT {key}, sum(size) OVER (ORDER BY {key}) - size AS before FROM first),
            erased AS (
              DELETE FROM {table} WHERE share_key = $1 AND ({key}) IN (SELECT {key} FROM part WHERE before < $3)
              RETURNING 1)
            SELECT count(*) FROM erased
            """,
            shareKey, rows, bytes);
}
