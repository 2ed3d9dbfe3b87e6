using ShareRpc.Protocol.Ops;
using ShareRpc.Server;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Server.Storage;

namespace ShareRpc.Tests.Server.Commit;

public sealed class LogShareCacheTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly SqliteShareStore store;

    public LogShareCacheTests()
    {
        store = SqliteShareStore.Open(directory["shares.db"], TimeProvider.System);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public async Task It_holds_as_many_shares_as_the_limit_says_however_many_one_transaction_touches(int limit)
    {
        var cache = new LogShareCache(new ServerLimits { CachedShares = limit });
        await using IWriteTransaction transaction = await store.BeginWriteAsync();
        List<long> shares = await SharesAsync(transaction, 20);
        var first = new List<LogShare>();
        foreach (long share in shares) first.Add(await cache.GetAsync(transaction, share));
        cache.Settle();

        int kept = 0;
        for (int i = 0; i < shares.Count; i++) kept += ReferenceEquals(first[i],
            await cache.GetAsync(transaction, shares[i])) ? 1 : 0;
        Assert.InRange(kept, 0, limit);
    }

    [Fact]
    public async Task The_longest_unused_shares_go_first()
    {
        var cache = new LogShareCache(new ServerLimits { CachedShares = 4 });
        await using IWriteTransaction transaction = await store.BeginWriteAsync();
        List<long> shares = await SharesAsync(transaction, 5);
        LogShare oldest = await cache.GetAsync(transaction, shares[0]);
        foreach (long share in shares[1..4]) await cache.GetAsync(transaction, share);
        Assert.Same(oldest, await cache.GetAsync(transaction, shares[0]));
        LogShare newest = await cache.GetAsync(transaction, shares[4]);
        cache.Settle();
        Assert.Same(newest, await cache.GetAsync(transaction, shares[4]));
        Assert.Same(oldest, await cache.GetAsync(transaction, shares[0]));
    }

    [Fact]
    public async Task A_share_goes_back_to_where_it_was_before_an_atomic_batch_failed()
    {
        var cache = new LogShareCache(ServerLimits.Default);
        await using IWriteTransaction transaction = await store.BeginWriteAsync();
        LogShare share = await cache.GetAsync(transaction, (await Seed.ShareAsync(transaction)).Share);
        share.Advance(Op(1, "a"));
        share.Advance(Op(2, "b"));
        share.Advance(Op(3, "a"));

        share.BackTo(1);

        Assert.Equal((1L, 1, 2L), (share.Head, share.TailCount, share.TailBytes));
        Assert.Equal([1L], share.TailOf(Kinds.Part, "a").Select(op => op.Cursor));
        Assert.Empty(share.TailOf(Kinds.Part, "b"));
        Assert.Equal([1L], share.Fresh.Select(op => op.Cursor));
    }

    [Fact]
    public async Task A_moved_checkpoint_shortens_the_tail()
    {
        var cache = new LogShareCache(ServerLimits.Default);
        await using IWriteTransaction transaction = await store.BeginWriteAsync();
        LogShare share = await cache.GetAsync(transaction, (await Seed.ShareAsync(transaction)).Share);
        for (int i = 1; i <= 4; i++) share.Advance(Op(i, i % 2 == 0 ? "even" : "odd"));
        share.SetFolded(3);
        Assert.Equal((3L, 1, 2L), (share.Folded, share.TailCount, share.TailBytes));
        Assert.Empty(share.TailOf(Kinds.Part, "odd"));
        Assert.Equal([4L], share.TailOf(Kinds.Part, "even").Select(op => op.Cursor));
    }

    public void Dispose()
    {
        store.Dispose();
        directory.Dispose();
    }

    private static async ValueTask<List<long>> SharesAsync(IWriteTransaction transaction, int count)
    {
        var shares = new List<long>();
        while (shares.Count < count) shares.Add((await Seed.ShareAsync(transaction)).Share);
        return shares;
    }

    private static LoggedOp Op(long cursor, string key) => new()
    {
        Cursor = cursor, OpId = $"op{cursor}", Verb = Verbs.Put, Kind = Kinds.Part, Key = key,
        Data = ShareRpc.Protocol.Json.RawJson.Parse("{}"),
        Actor = "a", TimeMs = 1, SchemaVersion = 1,
    };
}
