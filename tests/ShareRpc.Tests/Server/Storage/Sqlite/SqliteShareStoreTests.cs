using Microsoft.Data.Sqlite;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Storage.Sqlite;

public sealed class SqliteShareStoreTests : ShareStoreContract
{
    private readonly TemporaryDirectory directory = new();

    [Fact]
    public void What_was_committed_is_there_after_a_restart()
    {
        (long Share, long Owner) share;
        using (SqliteShareStore first = Open())
        {
            share = Seed.Share(first);
            using IWriteTransaction transaction = first.BeginWrite();
            transaction.TryInsertOp(Seed.Op(share, 1, "a"));
            transaction.Commit();
        }

        using SqliteShareStore second = Open();
        using IReadSnapshot snapshot = second.BeginRead();
        Assert.Equal(1, snapshot.ReadHead(share.Share));
    }

    [Fact]
    public void The_write_connection_syncs_every_commit()
    {
        using SqliteConnection connection = new SqliteFile(directory["shares.db"]).OpenForWriting();
        Assert.Equal(("wal", 2L, 0L), (Pragma<string>("journal_mode"), Pragma<long>("synchronous"), Pragma<long>("wal_autocheckpoint")));

        T Pragma<T>(string name)
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"PRAGMA {name}";
            return (T)command.ExecuteScalar()!;
        }
    }

    [Fact]
    public void A_checkpoint_keeps_the_write_ahead_log_from_growing()
    {
        using SqliteShareStore store = Open();
        (long Share, long Owner) share = Seed.Share(store);
        long largest = 0;
        for (int i = 1; i <= 60; i++)
        {
            using (IWriteTransaction transaction = store.BeginWrite())
            {
                transaction.TryInsertOp(Seed.Op(share, i, $"op{i}", data: $$"""{"t":"{{new string('x', 20_000)}}"}"""));
                transaction.Commit();
            }

            store.Checkpoint();
            largest = Math.Max(largest, new FileInfo(directory["shares.db-wal"]).Length);
        }

        Assert.InRange(largest, 1, 400_000);
    }

    [Fact]
    public void Invariant_I9_a_log_that_is_restarted_is_overwritten_and_not_lengthened()
    {
        using SqliteShareStore store = Open();
        (long Share, long Owner) share = Seed.Share(store);
        long cursor = 0;
        Assert.InRange(AppendAndCheckpoint(), 200_000, 1_000_000);
        long length = new FileInfo(directory["shares.db-wal"]).Length;
        for (int i = 0; i < 20; i++)
        {
            Assert.True(store.RestartLog(TimeSpan.Zero));
            AppendAndCheckpoint();
            Assert.InRange(new FileInfo(directory["shares.db-wal"]).Length, 1, 2 * length);
        }

        // The checkpoint comes before the last commit: so it is when commits go on all the while.
        long AppendAndCheckpoint()
        {
            LogSize size = default;
            for (int i = 0; i < 10; i++)
            {
                using IWriteTransaction transaction = store.BeginWrite();
                if (i == 9) size = store.Checkpoint();
                transaction.TryInsertOp(Seed.Op(share, ++cursor, $"op{cursor}", data: $$"""{"t":"{{new string('x', 20_000)}}"}"""));
                transaction.Commit();
            }

            return size.Bytes;
        }
    }

    [Fact]
    public void A_log_is_not_restarted_while_an_old_moment_is_read_nor_during_a_checkpoint_and_commits_go_on()
    {
        using SqliteShareStore store = Open();
        (long Share, long Owner) share = Seed.Share(store);
        using (IReadSnapshot old = store.BeginRead())
        {
            Assert.Equal(0, old.ReadHead(share.Share));
            using (IWriteTransaction transaction = store.BeginWrite())
            {
                transaction.TryInsertOp(Seed.Op(share, 1, "a"));
                transaction.Commit();
            }

            Assert.False(store.RestartLog(TimeSpan.FromMilliseconds(1)));
            Assert.Equal(0, old.ReadHead(share.Share));
        }

        Assert.True(store.RestartLog(TimeSpan.Zero));
        Assert.Equal(1, store.BeginRead().ReadHead(share.Share));
    }

    [Fact]
    public void A_snapshot_that_outlives_the_store_closes_its_own_connection()
    {
        SqliteShareStore store = Open();
        (long Share, long Owner) share = Seed.Share(store);
        IReadSnapshot snapshot = store.BeginRead();
        store.Dispose();
        Assert.Equal(0, snapshot.ReadHead(share.Share));
        snapshot.Dispose();
        File.Delete(directory["shares.db"]);
        Assert.False(File.Exists(directory["shares.db-wal"]));
    }

    protected override object OpenEmpty() => Open();

    protected override void Close() => directory.Dispose();

    private SqliteShareStore Open() => SqliteShareStore.Open(directory["shares.db"], TimeProvider.System);
}
