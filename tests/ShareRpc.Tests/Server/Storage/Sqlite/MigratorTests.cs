using Microsoft.Data.Sqlite;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Storage.Sqlite;

public sealed class MigratorTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly ManualTimeProvider clock = new();

    private string FilePath => directory["shares.db"];

    [Fact]
    public void A_new_file_gets_every_migration_in_order_and_says_when()
    {
        SqliteShareStore.Open(FilePath, clock).Dispose();
        List<(long Version, long AppliedMs)> versions = Versions();
        Assert.NotEmpty(versions);
        Assert.Equal(Enumerable.Range(1, versions.Count).Select(i => (long)i), versions.Select(row => row.Version));
        Assert.All(versions, row => Assert.Equal(clock.GetUtcNow().ToUnixTimeMilliseconds(), row.AppliedMs));
    }

    [Fact]
    public void A_file_of_this_version_is_opened_as_it_is()
    {
        SqliteShareStore.Open(FilePath, clock).Dispose();
        List<(long, long)> before = Versions();
        clock.Advance(TimeSpan.FromDays(1));
        SqliteShareStore.Open(FilePath, clock).Dispose();
        Assert.Equal(before, Versions());
    }

    [Fact]
    public void A_newer_file_is_refused_untouched_with_the_next_step()
    {
        SqliteShareStore.Open(FilePath, clock).Dispose();
        Execute("INSERT INTO schema_version (version, applied_ms) VALUES (9999, 1)");
        byte[] before = File.ReadAllBytes(FilePath);

        var refused = Assert.Throws<ServerStartException>(() => SqliteShareStore.Open(FilePath, clock));

        Assert.Contains("schema 9999", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Run the newer version", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(FilePath));
        Assert.Equal(["shares.db"], Directory.EnumerateFiles(directory.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_migration_that_fails_leaves_no_half_of_it()
    {
        // A table that the first migration makes last is there already, so that it fails after the others.
        Execute("CREATE TABLE audit (position INTEGER)");
        Assert.Throws<SqliteException>(() => SqliteShareStore.Open(FilePath, clock));
        Assert.Equal(["audit", "schema_version"], Names().Order(StringComparer.Ordinal));
        Assert.Empty(Versions());

        Execute("DROP TABLE audit");
        SqliteShareStore.Open(FilePath, clock).Dispose();
        Assert.NotEmpty(Versions());
    }

    public void Dispose() => directory.Dispose();

    private List<(long Version, long AppliedMs)> Versions() =>
        Read("SELECT version, applied_ms FROM schema_version ORDER BY version", row => (row.GetInt64(0), row.GetInt64(1)));

    private List<string> Names() => Read("SELECT name FROM sqlite_master WHERE type = 'table'", row => row.GetString(0));

    private void Execute(string sql)
    {
        using SqliteConnection connection = new SqliteFile(FilePath).OpenForWriting();
        SqliteFile.Execute(connection, sql);
    }

    private List<T> Read<T>(string sql, Func<SqliteDataReader, T> read)
    {
        using SqliteConnection connection = new SqliteFile(FilePath).OpenForReading();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader row = command.ExecuteReader();
        var rows = new List<T>();
        while (row.Read()) rows.Add(read(row));
        return rows;
    }
}
