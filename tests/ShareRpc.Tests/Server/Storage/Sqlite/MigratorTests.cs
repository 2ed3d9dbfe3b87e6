using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Server.Storage.Sqlite.Checking;
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

    [Fact]
    public void Ops_and_records_of_version_7_are_answered_for_as_before()
    {
        const string Uuid = "0199f0a2-7c3b-7d4e-8f60-123456789abc";
        MakeVersion7($"""
            INSERT INTO writer VALUES (1, 1, 'w', 2, 6), (2, 1, 'v', 2, 1), (3, 2, 'w', 3, 0);
            INSERT INTO op VALUES
              (1, 1, 'one', x'01', 1, 1, 'put', 'part', 'a', '"1"', 2, 11, 1, 1),
              (1, 2, '{Uuid}', x'02', 1, 2, 'put', 'part', 'b', NULL, 2, 12, 1, 2),
              (1, 3, 'other', x'03', 2, 1, 'put', 'part', 'c', '"3"', 2, 13, 1, 1),
              (1, 4, 'four', x'04', 1, 3, 'put', 'part', 'd', '"4"', 2, 14, 1, 1),
              (1, 5, 'six', x'05', 1, 6, 'remove', 'part', 'a', NULL, 2, 15, 1, 0),
              (1, 6, 'none', x'06', NULL, NULL, 'put', 'part', 'e', '"6"', 2, 16, 1, 1),
              (2, 1, 'one', x'07', NULL, NULL, 'put', 'part', 'a', '"7"', 3, 17, 1, 1);
            INSERT INTO rejection VALUES
              (1, 'refused', x'08', 1, 4, {(int)ErrorCode.TurnFinal}, 0), (1, '0199f0a2-0000-7000-8000-000000000001', x'09', 1, 5, NULL, 4);
            """);

        using SqliteShareStore store = SqliteShareStore.Open(FilePath, clock);
        using IWriteTransaction transaction = store.BeginWrite();

        Assert.Equal(
            ["one 1", $"{Uuid} 2", "four 4", "refused 0", "0199f0a2-0000-7000-8000-000000000001 4", "six 5"],
            transaction.ReadWriterRecords(1, 1, 10).Select(record => $"{record.OpId} {record.Cursor}"));
        Assert.Equal([Uuid, "four"], transaction.ReadWriterRecords(1, 2, 2).Select(record => record.OpId));
        Assert.Equal(["other"], transaction.ReadWriterRecords(2, 1, 10).Select(record => record.OpId));
        Assert.Equal(2, transaction.FindOpRecord(1, Uuid)!.Cursor);
        Assert.Equal(4, transaction.FindOpRecord(1, "0199f0a2-0000-7000-8000-000000000001")!.Cursor);
        Assert.Equal(
            ["one", Uuid, "other", "four", "six", "none"], transaction.ReadOps(1, 0, 10, int.MaxValue).Select(op => op.OpId));
        Assert.Equal((6L, 1L), (transaction.ReadHead(1), transaction.ReadHead(2)));
        foreach (string known in (string[])["one", Uuid, "six"]) Assert.False(transaction.TryInsertOp(Seed.Op((1, 2), 7, known)));
        Assert.True(transaction.TryInsertOp(Seed.Op((2, 3), 2, Uuid)));

        Assert.True(transaction.TryInsertOp(Seed.Op((1, 2), 7, "seven") with { WriterKey = 1, Seq = 7 }));
        transaction.SetWatermark(1, 7);
        Assert.Equal(["six", "seven"], transaction.ReadWriterRecords(1, 6, 2).Select(record => record.OpId));
    }

    [Fact]
    public void A_check_finds_nothing_wrong_with_what_was_carried_over()
    {
        MakeVersion7("""
            INSERT INTO writer VALUES (1, 1, 'w', 2, 3);
            INSERT INTO op VALUES
              (1, 1, 'one', x'01', 1, 1, 'put', 'part', 'a', '"1"', 2, 11, 1, 1),
              (1, 2, 'two', x'02', NULL, NULL, 'put', 'part', 'b', '"2"', 2, 12, 1, 1),
              (1, 3, 'three', x'03', 1, 3, 'put', 'part', 'a', '"3"', 2, 13, 1, 1);
            INSERT INTO rejection VALUES (1, 'refused', x'08', 1, 2, 1, 0);
            """);
        string[] before = Findings();
        SqliteShareStore.Open(FilePath, clock).Dispose();
        Assert.Equal(before, Findings());
        Assert.Single(before); // the key file, which is not there
    }

    public void Dispose() => directory.Dispose();

    private string[] Findings() =>
        [.. DataCheck.Run(directory.Path, null, CancellationToken.None).Findings.Select(finding => finding.ToString())];

    /// <summary>A file as the version before 0008 left it, with two shares.</summary>
    private void MakeVersion7(string rows)
    {
        using SqliteConnection connection = new SqliteFile(FilePath).OpenForWriting();
        Migrator.Migrate(connection, clock, upTo: 7);
        SqliteFile.Execute(connection, """
            INSERT INTO sturdy_ref (
              ref_key, cap_id, share_key, parent_key, parent_epoch, depth, rights, caveats, epoch, tag, verifier, created_ms)
            VALUES (1, 'root', NULL, NULL, 1, 0, 31, '{}', 1, x'00', '', 0), (2, 'owner', 1, 1, 1, 1, 31, '{}', 1, x'00', '', 0),
              (3, 'owner2', 2, 1, 1, 1, 31, '{}', 1, x'00', '', 0);
            INSERT INTO share (share_key, share_id, owner_ref_key, creator_key, state, created_ms)
            VALUES (1, 's1', 2, 1, 0, 0), (2, 's2', 3, 1, 0, 0);
            """);
        SqliteFile.Execute(connection, rows);
    }

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
