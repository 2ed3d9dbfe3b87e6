using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Hosting;

public sealed class DrainTests
{
    [Fact]
    public async Task A_stop_answers_what_was_queued_and_what_it_answered_is_stored()
    {
        await using LiveServer live = await LiveServer.StartAsync(new ProtocolLimits { CallsInFlight = 5_000 });
        ShareToken token = await live.CreateShareAsync();
        WireHandle owner = await live.RedeemShareAsync(token);
        var acked = new HashSet<string>();
        var answers = new List<string>();
        Task<string> first = owner.Connection.RequestAsync(owner.Path("appendOps"), LiveServer.Batch("op0"));
        await owner.Connection.ReceiveAsync(await first);
        acked.Add("op0");
        for (int i = 1; i <= 500; i++)
            answers.Add(await owner.Connection.RequestAsync(owner.Path("appendOps"), LiveServer.Batch(Id(i))));

        Task stopping = live.Server.StopAsync(live.Timeout);
        try
        {
            for (int i = 1; i <= 500; i++)
            {
                JsonElement answer = await owner.Connection.ReceiveAsync(answers[i - 1]);
                if (answer.TryGetProperty("result", out _)) acked.Add(Id(i));
                else Assert.Equal("draining",
                    answer.GetProperty("error").GetProperty("data").GetProperty("code").GetString());
            }
        }
        catch (WebSocketException)
        {
            // Closed: what was sent last was never taken.
        }

        await stopping;
        await live.Server.DisposeAsync();
        await live.StartAgainAsync();
        WireHandle again = await live.RedeemShareAsync(token);
        JsonElement page = await again.ResultAsync("readOps", "{}");
        Assert.Equal(acked,
            page.GetProperty("ops").EnumerateArray().Select(op => op.GetProperty("op_id").GetString()!).ToHashSet());
    }

    [Fact]
    public async Task A_stop_ends_waiting_reads_and_says_goodbye()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        string id = await owner.Connection.RequestAsync(owner.Path("readOps"), """{"wait_ms":30000}""");
        await owner.ResultAsync("getState", "{}");

        Task stopping = live.Server.StopAsync(live.Timeout);

        JsonElement answer = await owner.Connection.ReceiveAsync(id);
        Assert.Equal("draining", answer.GetProperty("error").GetProperty("data").GetProperty("code").GetString());
        Assert.Equal(1001, await owner.Connection.ReceiveCloseAsync());
        await stopping;
    }

    [Fact]
    public async Task A_server_that_stops_lives_but_is_not_ready()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        using var http = new HttpClient { BaseAddress = live.Server.Address };
        var seen = new List<HttpStatusCode>();

        // The listener closes after these callbacks.
        live.Server.App.Lifetime.ApplicationStopping.Register(() =>
        {
            foreach (string path in new[] { "healthz", "readyz" })
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                using HttpResponseMessage answer = http.Send(request, live.Timeout);
                seen.Add(answer.StatusCode);
            }
        });

        await live.Server.StopAsync(live.Timeout);

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable], seen);
    }

    [Fact]
    public async Task A_stop_may_be_repeated()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        await live.Server.StopAsync(live.Timeout);
        await live.Server.StopAsync(live.Timeout);
    }

    private static string Id(int i) => "op" + i.ToString(CultureInfo.InvariantCulture);
}
