using Microsoft.Extensions.DependencyInjection;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Maintenance;

public sealed class ShareEraserTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Shares_that_cannot_be_erased_hold_up_none_behind_them_and_are_tried_again()
    {
        using var index = new FaultySearchIndex(
            SqliteSearchIndex.Open(directory["search.db"], ServerLimits.Default));
        using ServerRooms rooms = await ServerRooms.OpenAsync(
            configure: services => services.AddSingleton<ISearchIndex>(index));
        var keys = new List<long>();
        for (int i = 0; i < 7; i++)
        {
            Authority owner = await rooms.CreateShareAsync();
            await rooms.AppendAsync(owner, ServerRooms.Put("a", """{"type":"text","text":"canary"}"""));
            await rooms.Admin.DeleteShareAsync(rooms.Root, new DeleteShareRequest { ShareId = owner.ShareId! });
            keys.Add(owner.Ref.ShareKey!.Value);
        }

        HashSet<long> damaged = [.. keys.Take(4)];
        rooms.Store.OnErase = share =>
        {
            if (damaged.Contains(share)) throw new InvalidOperationException("It fails.");
        };
        index.Fails = keys[4];
        using var stopping = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        Task eraser = rooms.Eraser.RunAsync(() => { }, stopping.Token);
        await UntilAsync(async snapshot => await snapshot.FindUnerasedShareAsync(keys[4]) is null);
        await UntilAsync(async snapshot => await snapshot.FindUnerasedShareAsync() == keys[0]
            && await snapshot.FindUnerasedShareAsync(keys[3]) == keys[4]);
        rooms.Store.OnErase = null;
        index.Fails = null;
        await UntilAsync(async snapshot => await snapshot.FindUnerasedShareAsync() is null);
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => eraser);

        async Task UntilAsync(Func<IReadSnapshot, Task<bool>> isTrue)
        {
            while (true)
            {
                await using (IReadSnapshot snapshot = await rooms.Store.BeginReadAsync())
                {
                    if (await isTrue(snapshot)) return;
                }

                stopping.Token.ThrowIfCancellationRequested();
                rooms.Clock.Advance(rooms.Limits.StorageRetryAfter);
                await Task.Yield();
            }
        }
    }
}
