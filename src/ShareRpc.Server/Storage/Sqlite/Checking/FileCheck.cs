using Microsoft.Data.Sqlite;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite.Checking;

/// <summary>Checks pages, indexes and the migrated schema.</summary>
internal static class FileCheck
{
    private const int MostMessages = 100;

    public static void Pages(CheckRun run)
    {
        run.Report("pages and indexes");
        foreach (Rows row in run.Rows($"PRAGMA integrity_check({MostMessages})"))
        {
            string message = row.Text(0);
            if (message != "ok") run.Find("file", null, message.ReplaceLineEndings(" "));
        }
    }

    /// <summary>Returns false when tables are missing.</summary>
    public static bool Schema(CheckRun run)
    {
        run.Report("schema");
        long version = run.Number("PRAGMA user_version");
        if (version == 0)
        {
            run.Find("schema", null, "the file is no database of a share server, or one from before the first release");
            return false;
        }

        if (version > SqliteShareStore.Schema.Newest)
        {
            string newest = $"{SqliteShareStore.Schema.Newest}";
            run.Find("schema", null,
                $"schema {version} is newer than this sharerpc knows ({newest}): check it with the newer version");
            return false;
        }

        Dictionary<string, string> expected = Migrated(version);
        bool areTablesThere = true;
        foreach ((string name, string sql) in expected)
        {
            string? actual = run
                .Rows("SELECT sql FROM sqlite_master WHERE name = ?1",
                    name).Select(row => row.Text(0)).FirstOrDefault();
            if (actual is null) run.Find("schema", null, $"{name} is missing");
            else if (actual != sql) run.Find("schema", null, $"{name} is not what version {version} makes of it");
            areTablesThere &= actual is not null || !sql.StartsWith("CREATE TABLE", StringComparison.Ordinal);
        }

        return areTablesThere;
    }

    private static Dictionary<string, string> Migrated(long version)
    {
        var memory = new SqliteConnection("Data Source=:memory:");
        memory.Open();
        SqliteShareStore.Schema.Apply(memory, "", "", version);
        using var statements = new Statements(memory);
        return statements
            .ReadAll(
                "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
                row => (Name: row.Text(0), Sql: row.Text(1)))
            .ToDictionary(made => made.Name, made => made.Sql, StringComparer.Ordinal);
    }
}
