using Microsoft.Data.Sqlite;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Sqlite;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Storage.Sqlite;

public sealed class SqliteShareStoreTests : ShareStoreContract
{
    private readonly TemporaryDirectory directory = new();

    [Fact]
    public async Task What_was_committed_is_there_after_a_restart()
    {
        (long Share, long Owner) share;
        using (SqliteShareStore first = Open())
        {
            share = await Seed.ShareAsync(first);
            await using IWriteTransaction transaction = await first.BeginWriteAsync();
            await transaction.TryInsertOpAsync(Seed.Op(share, 1, "a"));
            await transaction.CommitAsync();
        }

        using SqliteShareStore second = Open();
        await using IReadSnapshot snapshot = await second.BeginReadAsync();
        Assert.Equal(1, await snapshot.ReadHeadAsync(share.Share));
    }

    [Fact]
    public async Task Invariant_I2_ids_before_and_after_the_checkpoint_are_known_after_a_restart()
    {
        (long Share, long Owner) share;
        using (SqliteShareStore first = Open())
        {
            share = await Seed.ShareAsync(first);
            await using IWriteTransaction transaction = await first.BeginWriteAsync();
            await transaction.TryInsertOpAsync(Seed.Op(share, 1, "a"));
            await transaction.TryInsertOpAsync(Seed.Op(share, 2, "b"));
            transaction.SetFolded(share.Share, 1);
            await transaction.CommitAsync();
        }

        using SqliteShareStore second = Open();
        await using IWriteTransaction reading = await second.BeginWriteAsync();
        IReadOnlyList<AppendFacts> facts =
            await reading.ReadForAppendAsync([new AppendLookup(share.Share, ["a", "b", "c"], [], [], 0)]);
        Assert.Equal(["a", "b"], facts[0].Records.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_write_connection_syncs_every_commit()
    {
        using SqliteConnection connection = new SqliteFile(directory["shares.db"]).OpenForWriting();
        Assert.Equal(("wal", 2L, 0L),
            (Pragma<string>("journal_mode"), Pragma<long>("synchronous"), Pragma<long>("wal_autocheckpoint")));

        T Pragma<T>(string name)
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"PRAGMA {name}";
            return (T)command.ExecuteScalar()!;
        }
    }

    [Fact]
    public async Task A_checkpoint_keeps_the_write_ahead_log_from_growing()
    {
        using SqliteShareStore store = Open();
        (long Share, long Owner) share = await Seed.ShareAsync(store);
        long largest = 0;
        for (int i = 1; i <= 60; i++)
        {
            await using (IWriteTransaction transaction = await store.BeginWriteAsync())
            {
                await transaction.TryInsertOpAsync(
                    Seed.Op(share, i, $"op{i}", data: $$"""{"t":"{{new string('x', 20_000)}}"}"""));
                await transaction.CommitAsync();
            }

            store.Log.Copy();
            store.Log.Restart(TimeSpan.Zero);
            largest = Math.Max(largest, new FileInfo(directory["shares.db-wal"]).Length);
        }

        Assert.InRange(largest, 1, 400_000);
    }

    [Fact]
    public async Task Invariant_I9_a_log_that_is_restarted_is_overwritten_and_not_lengthened()
    {
        using SqliteShareStore store = Open();
        (long Share, long Owner) share = await Seed.ShareAsync(store);
        long cursor = 0;
        Assert.InRange(await AppendAndCheckpointAsync(), 200_000, 1_000_000);
        long length = new FileInfo(directory["shares.db-wal"]).Length;
        for (int i = 0; i < 20; i++)
        {
            Assert.True(store.Log.Restart(TimeSpan.Zero));
            await AppendAndCheckpointAsync();
            Assert.InRange(new FileInfo(directory["shares.db-wal"]).Length, 1, 2 * length);
        }

        // The checkpoint comes before the last commit: so it is when commits go on all the while.
        async ValueTask<long> AppendAndCheckpointAsync()
        {
            for (int i = 0; i < 10; i++)
            {
                await using IWriteTransaction transaction = await store.BeginWriteAsync();
                if (i == 9) store.Log.Copy();
                await transaction.TryInsertOpAsync(
                    Seed.Op(share, ++cursor, $"op{cursor}", data: $$"""{"t":"{{new string('x', 20_000)}}"}"""));
                await transaction.CommitAsync();
            }

            return new FileInfo(directory["shares.db-wal"]).Length;
        }
    }

    [Fact]
    public async Task A_log_is_not_restarted_while_an_old_moment_is_read_nor_during_a_checkpoint_and_commits_go_on()
    {
        using SqliteShareStore store = Open();
        (long Share, long Owner) share = await Seed.ShareAsync(store);
        await using (IReadSnapshot old = await store.BeginReadAsync())
        {
            Assert.Equal(0, await old.ReadHeadAsync(share.Share));
            await using (IWriteTransaction transaction = await store.BeginWriteAsync())
            {
                await transaction.TryInsertOpAsync(Seed.Op(share, 1, "a"));
                await transaction.CommitAsync();
            }

            Assert.False(store.Log.Restart(TimeSpan.FromMilliseconds(1)));
            Assert.Equal(0, await old.ReadHeadAsync(share.Share));
        }

        Assert.True(store.Log.Restart(TimeSpan.Zero));
        Assert.Equal(1, await (await store.BeginReadAsync()).ReadHeadAsync(share.Share));
    }

    [Fact]
    public async Task A_snapshot_that_outlives_the_store_closes_its_own_connection()
    {
        SqliteShareStore store = Open();
        (long Share, long Owner) share = await Seed.ShareAsync(store);
        IReadSnapshot snapshot = await store.BeginReadAsync();
        store.Dispose();
        Assert.Equal(0, await snapshot.ReadHeadAsync(share.Share));
        await snapshot.DisposeAsync();
        File.Delete(directory["shares.db"]);
        Assert.False(File.Exists(directory["shares.db-wal"]));
    }

    [Fact]
    public void SQLite_has_no_fault_that_damages_the_log_when_it_is_copied_beside_commits()
    {
        using var connection = new SqliteConnection();
        Assert.True(Version.Parse(connection.ServerVersion) >= new Version(3, 51, 3), connection.ServerVersion);
    }

    [Fact]
    public void A_failure_of_the_medium_has_its_kind_and_names_the_file_and_the_next_step()
    {
        File.WriteAllBytes(directory["shares.db"], [.. Enumerable.Repeat((byte)'x', 8_192)]);
        var damaged = Assert.Throws<StorageException>(Open);
        Assert.Equal(StorageFailure.Damaged, damaged.Failure);
        Assert.Contains($"{directory["shares.db"]} is damaged: restore a backup", damaged.Message,
            StringComparison.Ordinal);

        File.Delete(directory["shares.db"]);
        Open().Dispose();
        using SqliteConnection other = new SqliteFile(directory["shares.db"]).OpenForWriting();
        SqliteFile.Execute(other, "PRAGMA max_page_count = 1; BEGIN IMMEDIATE");
        var busy = Assert.Throws<StorageException>(Open);
        Assert.Equal(StorageFailure.Busy, busy.Failure);
    }

    protected override object OpenEmpty() => Open();

    protected override void Close() => directory.Dispose();

    private SqliteShareStore Open() => SqliteShareStore.Open(directory["shares.db"], TimeProvider.System);
}
