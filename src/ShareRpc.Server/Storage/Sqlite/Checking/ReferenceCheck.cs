using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite.Checking;

/// <summary>Checks that referenced rows exist.</summary>
internal static class ReferenceCheck
{
    private static readonly string[] TablesOfShares = ["op", "known_id", "doc", "rejection", "writer"];

    public static void Run(CheckRun run)
    {
        run.Report("references");
        long roots = run.Number("SELECT COUNT(*) FROM sturdy_ref WHERE parent_key IS NULL");
        if (roots != 1) run.Find("reference", null, $"there are {roots} root capabilities instead of one");
        const string Orphans = """
            SELECT r.cap_id FROM sturdy_ref r LEFT JOIN sturdy_ref p ON p.ref_key = r.parent_key
            WHERE r.parent_key IS NOT NULL AND p.ref_key IS NULL
            """;
        foreach (Rows row in run.Rows(Orphans)) run.Find("reference", null,
            $"capability {row.Text(0)} has no parent row");
        const string Shareless = """
            SELECT r.cap_id FROM sturdy_ref r LEFT JOIN share s ON s.share_key = r.share_key
            WHERE r.share_key IS NOT NULL AND s.share_key IS NULL
            """;
        foreach (Rows row in run.Rows(Shareless))
        {
            run.Find("reference", null, $"capability {row.Text(0)} is on a share that is not there");
        }

        const string Ownerless = """
            SELECT s.share_id FROM share s
              LEFT JOIN sturdy_ref o ON o.ref_key = s.owner_ref_key LEFT JOIN sturdy_ref c ON c.ref_key = s.creator_key
            WHERE o.ref_key IS NULL OR c.ref_key IS NULL
            """;
        foreach (Rows row in run.Rows(Ownerless))
        {
            run.Find("reference", row.Text(0), "the capability of its owner or its creator is not there");
        }

        foreach (string table in TablesOfShares) ShareKeysOf(run, table);
    }

    /// <summary>Uses the index: one step per share, not per row.</summary>
    private static void ShareKeysOf(CheckRun run, string table)
    {
        for (long key = run.Number($"SELECT MIN(share_key) FROM {table}"); key != 0;)
        {
            if (run.Number("SELECT COUNT(*) FROM share WHERE share_key = ?1", key) == 0)
            {
                run.Find("reference", null, $"{table} has rows of share number {key}, which is not there");
            }

            key = run.Number($"SELECT MIN(share_key) FROM {table} WHERE share_key > ?1", key);
        }
    }
}
