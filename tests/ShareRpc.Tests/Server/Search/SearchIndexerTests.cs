using Microsoft.Extensions.DependencyInjection;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Search;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Search;

public sealed class SearchIndexerTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task A_share_that_cannot_be_indexed_holds_up_no_other_and_is_tried_again()
    {
        using var index = new FaultySearchIndex(
            SqliteSearchIndex.Open(directory["search.db"], ServerLimits.Default));
        using ServerRooms rooms = await ServerRooms.OpenAsync(
            configure: services => services.AddSingleton<ISearchIndex>(index));
        var keys = new List<long>();
        for (int i = 0; i < 3; i++)
        {
            Authority owner = await rooms.CreateShareAsync();
            await rooms.AppendAsync(owner, ServerRooms.Put("a", """{"type":"text","text":"canary"}"""));
            keys.Add(owner.Ref.ShareKey!.Value);
            await rooms.Folder.FoldShareAsync(keys[^1]);
        }

        index.Fails = keys[0];
        using var stopping = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        Task indexer = rooms.Get<SearchIndexer>().RunAsync(() => { }, stopping.Token);
        await UntilAsync(keys[1]);
        await UntilAsync(keys[2]);
        Assert.Equal(0, await index.IndexedAsync(keys[0]));
        index.Fails = null;
        await UntilAsync(keys[0]);
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => indexer);

        async Task UntilAsync(long shareKey)
        {
            while (await index.IndexedAsync(shareKey) != 1)
            {
                stopping.Token.ThrowIfCancellationRequested();
                rooms.Clock.Advance(rooms.Limits.StorageRetryAfter);
                await Task.Yield();
            }
        }
    }
}
