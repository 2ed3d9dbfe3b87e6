using Microsoft.Data.Sqlite;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>A new database of a store, to be filled by a copy.</summary>
internal static class EmptyStore
{
    /// <summary>
    /// Makes a database with tables and no rows, and begins a transaction. It is not synced: sync the file after the
    /// commit.
    /// </summary>
    public static Statements Create(string path)
    {
        var file = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        file.Open();
        var statements = new Statements(file);
        SqliteFile.Execute(file, "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY;");
        SqliteShareStore.Schema.Apply(file, path, "name another directory");
        SqliteFile.Execute(file, "BEGIN");
        return statements;
    }
}
