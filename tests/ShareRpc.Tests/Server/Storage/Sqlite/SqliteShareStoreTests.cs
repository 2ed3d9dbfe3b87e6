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
