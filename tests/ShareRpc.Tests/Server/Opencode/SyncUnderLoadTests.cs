using System.Net;
using System.Text.Json;
using ShareRpc.Server;
using Shared = ShareRpc.Tests.Server.Opencode.OpencodeCalls.Shared;

namespace ShareRpc.Tests.Server.Opencode;

/// <summary>opencode sends nothing twice: what the server cannot take now, it takes later.</summary>
public sealed class SyncUnderLoadTests
{
    [Fact]
    public async Task A_sync_that_meets_a_full_queue_waits_and_is_taken()
    {
        // One item at a time fits the queue, so that most of these are overloaded at first.
        var limits = new ServerLimits { QueueItems = 1, OverloadedRetryAfter = TimeSpan.FromMilliseconds(5) };
        await using LiveServer live = await OpenAsync(limits);
        using var calls = new OpencodeCalls(live.Server.Address, live.Timeout);
        Shared shared = await calls.ShareAsync();
        JsonElement[] synced = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => calls.SyncedAsync(
            shared, $$$"""{"type":"part","data":{"id":"p{{{i}}}","text":"{{{new string('x', 10_000)}}}"}}""")));
        Assert.All(synced, one => Assert.Equal(1, one.GetProperty("applied").GetInt32()));
        Assert.Equal(40, (await calls.ImportAsync(shared)).Count);
    }

    [Fact]
    public async Task A_server_that_shuts_down_answers_a_sync_it_cannot_finish()
    {
        await using LiveServer live = await OpenAsync(ServerLimits.Default);
        using var calls = new OpencodeCalls(live.Server.Address, live.Timeout);
        Shared shared = await calls.ShareAsync();
        Task stopping = live.Server.StopAsync(live.Timeout);
        HttpStatusCode? status = null;
        try
        {
            using HttpResponseMessage answer = await calls.SyncAsync(shared, """{"type":"part","data":{"id":"p"}}""");
            status = answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            // It was gone already.
        }

        await stopping;
        Assert.True(status is null or HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"{status}");
    }

    private static Task<LiveServer> OpenAsync(ServerLimits limits) =>
        LiveServer.StartAsync(serverLimits: limits, more: options => options with { OpenCreation = true });
}
