using System.Diagnostics;
using System.Text.Json;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server.Http;

namespace ShareRpc.Tests.Server.Connections;

public sealed class ExpiryTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_read_that_waits_is_answered_when_its_ref_expires_by_every_way_in(bool isDirect)
    {
        await using LiveServer live = await LiveServer.StartAsync(
            more: options => options with { DirectCalls = isDirect });
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        (ShareToken eye, WireHandle reader) = await live.RedeemExpiringAsync(owner);
        string shareId = reader.Redemption.GetProperty("share_id").GetString()!;
        using var share = new ShareOverHttp(live.Server.Address, shareId, eye, live.Timeout);
        long begun = Stopwatch.GetTimestamp();

        Task<string> overHttp = share.RefusalAsync(share.OpsAsync("?wait_ms=30000"), 403);
        JsonElement answer = await reader.CallAsync("readOps", """{"wait_ms":30000}""");

        JsonElement data = answer.GetProperty("error").GetProperty("data");
        Assert.Equal("capability_expired", data.GetProperty("code").GetString());
        Assert.Equal("capability_expired", await overHttp);
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 0, 25); // not when its wait was over
    }
}
