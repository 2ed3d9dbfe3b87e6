using System.Net.Sockets;
using System.Text;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server;
using ShareRpc.Tests.Server.Opencode;
using Shared = ShareRpc.Tests.Server.Opencode.OpencodeCalls.Shared;

namespace ShareRpc.Tests.Attacks;

/// <summary>
/// Bodies that hold memory for next to nothing: nobody else waits for them, and all of it comes back.
/// </summary>
public sealed class SlowBodyTests
{
    private const int Declared = 32 * 1024 * 1024;

    [Fact]
    public async Task Slow_bodies_without_a_secret_make_no_other_sync_wait()
    {
        // Longer than the test: what would wait for them would never end.
        var limits = ServerLimits.Default with
        {
            FrameGrace = TimeSpan.FromHours(1), MemoryWait = TimeSpan.FromHours(1),
        };
        await using LiveServer live = await OpenAsync(limits);
        using var calls = new OpencodeCalls(live.Server.Address, live.Timeout);
        Shared shared = await calls.ShareAsync();
        var slow = new List<TcpClient>();
        for (int i = 0; i < 8; i++) slow.Add(await PostAsync(live, "/api/share/x/sync", Declared, "{\"secret\":"));
        await calls.SyncedAsync(shared, """{"type":"part","data":{"id":"p"}}""").WaitAsync(live.Timeout);
        slow.ForEach(client => client.Dispose());
    }

    [Theory]
    [InlineData("{'secret':'srpc_wrong','data':[{'type':'part','data':{'text':'", "404")]
    [InlineData("{'data':[{'type':'part','data':{'text':'", "400")]
    [InlineData("{'secret':'", "400")]
    public async Task Whoever_has_not_proven_anything_in_64_KiB_is_answered_then(string begin, string status)
    {
        await using LiveServer live = await OpenAsync(ServerLimits.Default);
        using TcpClient client = await PostAsync(
            live, "/api/share/x/sync", Declared, begin.Replace('\'', '"') + new string('x', 65_536));
        Assert.StartsWith($"HTTP/1.1 {status} ", await AnswerAsync(client, live.Timeout), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_finds_no_memory_in_time_is_overloaded_and_all_memory_comes_back(bool isSync)
    {
        var limits = ServerLimits.Default with { MemoryWait = TimeSpan.FromMilliseconds(200) };
        await using LiveServer live = await OpenAsync(limits);
        (string path, string header, string begin) = await OfAsync(live, isSync);
        var slow = new List<TcpClient>();
        var refused = new List<Task<string>>();
        while (!refused.Exists(answer => answer.IsCompleted))
        {
            Assert.InRange(slow.Count, 0, 20);
            slow.Add(await PostAsync(live, path, 16_000_000, begin, header));
            refused.Add(AnswerAsync(slow[^1], live.Timeout));
            await Task.WhenAny([SendAsync(slow[^1], 15_900_000), .. refused]);
        }

        string answer = await await Task.WhenAny(refused);
        Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
        Assert.Contains("overloaded", answer, StringComparison.Ordinal);
        slow.ForEach(client => client.Dispose());
        await live.AssertNoMemoryIsHeldAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_came_fast_and_then_stalls_is_cut_off(bool isSync)
    {
        var limits = ServerLimits.Default with { FrameGrace = TimeSpan.FromSeconds(1) };
        await using LiveServer live = await OpenAsync(limits);
        (string path, string header, string begin) = await OfAsync(live, isSync);
        using TcpClient client = await PostAsync(live, path, 16_000_000, begin, header);
        await SendAsync(client, 4_000_000); // by an average over its life it would keep pace for an hour
        await AnswerAsync(client, live.Timeout);
    }

    [Fact]
    public async Task A_grant_takes_no_more_than_64_KiB()
    {
        await using LiveServer live = await OpenAsync(ServerLimits.Default);
        using TcpClient client = await PostAsync(live, "/v1/grants", 65_537, "{");
        Assert.StartsWith("HTTP/1.1 413 ", await AnswerAsync(client, live.Timeout), StringComparison.Ordinal);
    }

    private static async Task<(string Path, string Header, string Begin)> OfAsync(LiveServer live, bool isSync)
    {
        if (isSync)
        {
            using var calls = new OpencodeCalls(live.Server.Address, live.Timeout);
            Shared shared = await calls.ShareAsync();
            return ($"/api/share/{shared.Id}/sync", "",
                $$"""{"secret":"{{shared.Secret}}","data":[{"type":"part","data":{"text":" """);
        }

        ShareToken token = await live.CreateShareAsync();
        WireHandle share = await live.RedeemShareAsync(token);
        string id = share.Redemption.GetProperty("share_id").GetString()!;
        return ($"/v1/shares/{id}/ops", $"Authorization: Bearer {token.Reveal()}\r\n", "{\"batch_id\":\"");
    }

    private static async Task<TcpClient> PostAsync(LiveServer live, string path, int length, string begin,
        string header = "")
    {
        var client = new TcpClient();
        await client.ConnectAsync(live.Server.Address.Host, live.Server.Address.Port, live.Timeout);
        string head =
            $"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{header}Content-Length: "
                + $"{length}\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head + begin), live.Timeout);
        return client;
    }

    private static async Task SendAsync(TcpClient client, int bytes)
    {
        byte[] piece = Encoding.ASCII.GetBytes(new string('x', 100_000));
        try
        {
            for (int sent = 0; sent < bytes; sent += piece.Length) await client.GetStream().WriteAsync(piece);
        }
        catch (Exception refused) when (refused is IOException or ObjectDisposedException)
        {
            // Its answer has come.
        }
    }

    /// <summary>What is answered until the connection ends or the body of an error is there.</summary>
    private static async Task<string> AnswerAsync(TcpClient client, CancellationToken timeout)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4_096];
        try
        {
            while (await client.GetStream().ReadAsync(buffer, timeout) is > 0 and var count)
            {
                text.Append(Encoding.UTF8.GetString(buffer, 0, count));
                if (text.ToString().EndsWith('}')) break;
            }
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It was cut off.
        }

        return text.ToString();
    }

    private static Task<LiveServer> OpenAsync(ServerLimits limits) => LiveServer.StartAsync(
        serverLimits: limits, more: options => options with { OpenCreation = true, MemoryBudget = 64 * 1024 * 1024 });
}
