using Microsoft.Extensions.DependencyInjection;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Connections;

/// <summary>What a whole redemption costs the store, over a socket.</summary>
public sealed class RedemptionReadTests
{
    [Fact]
    public async Task A_redemption_reads_the_store_twice_whatever_it_asks_for()
    {
        FaultyStore? store = null;
        await using LiveServer live = await LiveServer.StartAsync(configure: builder =>
            builder.Services.AddSingleton<IShareStore>(provider => store = new FaultyStore(SqliteShareStore.Open(
                provider.GetRequiredService<DataDirectory>().DatabasePath, TimeProvider.System))));
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        ShareToken link = await LiveServer.AttenuateAsync(owner, Rights.Read | Rights.Append, """{"max_uses":9}""");
        ShareToken grant = ShareToken.New(RandomId.New());
        string writer = $"\"writer_id\":\"{RandomId.New()}\"";
        string append = """
            "append":[{"batch_id":"b","ops":[{"op_id":"o","seq":1,"verb":"put","kind":"note","key":"k","data":{}}]}]
            """;
        (ShareToken Token, string More)[] calls =
        [
            (link, ""),
                (link, $$""","grant":{"cap_id":"{{grant.CapId}}","token_digest":"{{grant.Digest}}"},{{writer}}"""),
            (grant, $",{writer},{append}"), (grant, $",{writer},{append}"),
            (grant, ""","read":{"after":1}"""),
        ];
        WireConnection connection = await live.ConnectAsync();
        foreach ((ShareToken token, string more) in calls)
        {
            int before = store!.Reads;
            await live.RedeemShareAsync(token, connection, more);
            Assert.Equal(2, store.Reads - before);
        }
    }
}
