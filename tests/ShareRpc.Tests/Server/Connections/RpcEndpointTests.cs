using System.Net;
using ShareRpc.Server;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Connections;

public sealed class RpcEndpointTests
{
    [Fact]
    public async Task As_many_connections_are_open_as_the_limit_says()
    {
        await using LiveServer live = await LiveServer.StartAsync(serverLimits: new ServerLimits { Connections = 2 });
        WireConnection first = await live.ConnectAsync();
        await live.ConnectAsync();
        for (int i = 0; i < 3; i++)
        {
            var refused = await Assert.ThrowsAsync<WireRefusedException>(live.ConnectAsync);
            Assert.Equal(503, refused.Status);
        }

        first.Dispose();

        WireConnection? next = null;
        while (next is null)
        {
            live.Timeout.ThrowIfCancellationRequested();
            try
            {
                next = await live.ConnectAsync();
            }
            catch (WireRefusedException)
            {
                await Task.Yield(); // the server has not seen yet that the first is gone
            }
        }
    }

    [Fact]
    public async Task It_says_that_it_lives_and_that_it_is_ready()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        using var http = new HttpClient { BaseAddress = live.Server.Address };
        Assert.Equal("Healthy", await http.GetStringAsync("healthz", live.Timeout));
        Assert.Equal("Healthy", await http.GetStringAsync("readyz", live.Timeout));
        Assert.Equal(HttpStatusCode.UpgradeRequired, (await http.GetAsync("rpc", live.Timeout)).StatusCode);
        HttpResponseMessage answer = await http.GetAsync("nothing/here", live.Timeout);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Server"));
    }
}
