using Microsoft.Extensions.DependencyInjection;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Read;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Server;

namespace ShareRpc.Tests.Attacks;

/// <summary>Many shares that stream: without readers they hold nothing.</summary>
[Collection(AloneCollection.Name)]
public sealed class RingMemoryTests
{
    private const int Shares = 100;

    [Fact]
    public async Task A_hundred_shares_that_stream_without_readers_take_no_memory()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        var broadcaster = live.Server.App.Services.GetRequiredService<Broadcaster>();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int share = 1; share <= Shares; share++)
        {
            broadcaster.Acquire(share);
            for (long cursor = 1; cursor <= 20; cursor++) broadcaster.Publish(share, [Op(cursor)]);
        }

        // 200 MB were published.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 20_000_000);
        Assert.Equal(Shares, broadcaster.Count);
    }

    private static LoggedOp Op(long cursor) => new()
    {
        Cursor = cursor, OpId = $"op{cursor}", Verb = Verbs.Put, Kind = Kinds.Part, Key = "k", Actor = "a", TimeMs = 1,
        SchemaVersion = 1,
        Data = RawJson.Parse($"[\"{new string('x', 100_000)}\"]"),
    };
}
