using Microsoft.Data.Sqlite;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Sqlite;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Storage.Sqlite;

public sealed class SchemaTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly ManualTimeProvider clock = new();

    private string FilePath => directory["shares.db"];

    [Fact]
    public void A_new_file_gets_the_schema_of_this_version()
    {
        SqliteShareStore.Open(FilePath, clock).Dispose();
        Assert.Equal(SqliteShareStore.Schema.Newest, Version());
        Assert.Contains("op", Names());
    }

    [Fact]
    public void A_file_of_this_version_is_opened_as_it_is()
    {
        SqliteShareStore.Open(FilePath, clock).Dispose();
        Execute("CREATE TABLE mine (x INTEGER)");
        SqliteShareStore.Open(FilePath, clock).Dispose();
        Assert.Equal(SqliteShareStore.Schema.Newest, Version());
        Assert.Contains("mine", Names());
    }

    [Fact]
    public void A_newer_file_is_refused_untouched_with_the_next_step()
    {
        SqliteShareStore.Open(FilePath, clock).Dispose();
        Execute("PRAGMA user_version = 9999");
        RefusedUntouched("schema 9999", "Run the newer version");
    }

    [Theory]
    [InlineData("CREATE TABLE schema_version (version INTEGER PRIMARY KEY); INSERT INTO schema_version VALUES (8)")]
    [InlineData("CREATE TABLE share (share_key INTEGER PRIMARY KEY)")]
    public void A_file_from_before_the_first_release_is_refused_untouched_with_the_next_step(string older)
    {
        Execute(older);
        RefusedUntouched("from before the first release", "Move it away, or name another directory with --data.");
    }

    [Fact]
    public void A_migration_that_fails_leaves_no_half_of_it()
    {
        using SqliteConnection connection = new SqliteFile(FilePath).OpenForWriting();
        var schema =
            new Schema(["CREATE TABLE one (x INTEGER)", "CREATE TABLE two (x INTEGER); CREATE TABLE one (x INTEGER)"]);
        Assert.Throws<SqliteException>(() => schema.Apply(connection, FilePath, "stop"));
        Assert.Equal(["one"], Names());
        Assert.Equal(1, Version());

        new Schema(["", "CREATE TABLE two (x INTEGER)"]).Apply(connection, FilePath, "stop");
        Assert.Equal(["one", "two"], Names().Order(StringComparer.Ordinal));
        Assert.Equal(2, Version());
    }

    [Fact]
    public void A_file_of_an_earlier_version_is_copied_and_migrated_and_the_copy_still_opens()
    {
        SqliteShareStore.Open(FilePath, clock).Dispose();
        long before = Version();
        var next = new Schema([.. SqliteShareStore.Schema.Scripts, "ALTER TABLE share ADD COLUMN later TEXT"]);
        using (SqliteConnection connection = new SqliteFile(FilePath).OpenForWriting())
        {
            next.Apply(connection, FilePath, "stop");
            next.Apply(connection, FilePath, "stop");
        }

        Assert.Equal(before + 1, Version());
        string kept = $"{FilePath}.schema{before}";
        Assert.Equal([kept], Directory.EnumerateFiles(directory.Path, "*.schema*"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(kept));
        RefusedUntouched($"schema {before + 1}", "Run the newer version");
        File.Move(kept, FilePath, overwrite: true);
        SqliteShareStore.Open(FilePath, clock).Dispose();
        Assert.Equal(before, Version());
    }

    [Fact]
    public void A_copy_that_cannot_be_made_stops_the_migration()
    {
        SqliteShareStore.Open(FilePath, clock).Dispose();
        long before = Version();
        Directory.CreateDirectory($"{FilePath}.schema{before}.{Environment.ProcessId}.new");
        var next = new Schema([.. SqliteShareStore.Schema.Scripts, "ALTER TABLE share ADD COLUMN later TEXT"]);
        using SqliteConnection connection = new SqliteFile(FilePath).OpenForWriting();
        Assert.ThrowsAny<Exception>(() => next.Apply(connection, FilePath, "stop"));
        Assert.Equal(before, Version());
    }

    public void Dispose() => directory.Dispose();

    private void RefusedUntouched(params string[] says)
    {
        byte[] before = File.ReadAllBytes(FilePath);
        var refused = Assert.Throws<StorageException>(() => SqliteShareStore.Open(FilePath, clock));
        Assert.StartsWith(FilePath, refused.Message, StringComparison.Ordinal);
        Assert.All(says, text => Assert.Contains(text, refused.Message, StringComparison.Ordinal));
        Assert.Equal(before, File.ReadAllBytes(FilePath));
        Assert.DoesNotContain(Directory.EnumerateFiles(directory.Path), name =>
            name.EndsWith("-wal", StringComparison.Ordinal) || name.EndsWith("-shm", StringComparison.Ordinal));
    }

    private long Version() => Read("PRAGMA user_version", row => row.GetInt64(0))[0];

    private List<string> Names() =>
        Read("SELECT name FROM sqlite_master WHERE type = 'table'", row => row.GetString(0));

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
