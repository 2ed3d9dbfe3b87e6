using System.Net;
using System.Net.Sockets;
using System.Text;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server;

namespace ShareRpc.Tests.Attacks;

/// <summary>More connections than there are places, that send nothing, or next to nothing.</summary>
public sealed class ManyConnectionsTests
{
    private const int Sockets = 60;
    private static readonly ServerLimits Few = ServerLimits.Default with { Connections = 40, Sockets = Sockets };

    [Theory]
    [InlineData("")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: x\r\nX-")]
    [InlineData("POST /api/share HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")]
    public async Task Twice_as_many_connections_of_one_address_as_there_are_leave_room_for_others(string sent)
    {
        await using LiveServer live = await LiveServer.StartAsync(serverLimits: Few);
        ShareToken token = await live.CreateShareAsync();
        live.CloseConnections();
        var all = new List<TcpClient>();
        for (int i = 0; i < 2 * Sockets; i++) all.Add(await ConnectAsync(live, "127.0.0.2", sent));
        Task<bool>[] ends = [.. all.Select(client => IsClosedAsync(client, live.Timeout))];
        while (ends.Count(end => end is { IsCompletedSuccessfully: true, Result: true }) < Sockets * 3 / 2)
        {
            live.Timeout.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        WireHandle owner = await live.RedeemShareAsync(token); // from 127.0.0.1
        await owner.ResultAsync("appendOps", LiveServer.Batch("a"));
        all.ForEach(client => client.Dispose());
        await live.AssertNoMemoryIsHeldAsync();
    }

    [Fact]
    public async Task Upgrades_of_one_address_leave_half_of_the_places_to_others_and_come_back()
    {
        await using LiveServer live = await LiveServer.StartAsync(serverLimits: Few with { Sockets = 400 });
        for (int i = 0; i < 20; i++) await live.ConnectAsync();
        Assert.Equal(503, (await Assert.ThrowsAsync<WireRefusedException>(live.ConnectAsync)).Status);
        live.CloseConnections();
        await live.AssertNoMemoryIsHeldAsync();
        for (int i = 0; i < 20; i++) await live.ConnectAsync();
    }

    [Fact]
    public async Task Requests_and_waiting_reads_of_one_address_leave_half_of_the_places_to_others()
    {
        await using LiveServer live = await LiveServer.StartAsync(
            serverLimits: ServerLimits.Default with { HttpRequests = 120, HttpWaitingReads = 40 });
        ShareToken token = await live.CreateShareAsync();
        WireHandle owner = await live.RedeemShareAsync(token);
        string ops = $"/v1/shares/{owner.Redemption.GetProperty("share_id").GetString()}/ops";
        string bearer = $"Host: x\r\nAuthorization: Bearer {token.Reveal()}\r\n";
        await RefusedAsync($"GET {ops}?wait_ms=30000 HTTP/1.1\r\n{bearer}\r\n", 45, 25, "429");
        await RefusedAsync(
            $"POST {ops} HTTP/1.1\r\n{bearer}Content-Length: 9\r\n\r\n{{", 60, 20, "503");
        using TcpClient other = await ConnectAsync(
            live, "127.0.0.1", $"GET {ops}?wait_ms=30000 HTTP/1.1\r\n{bearer}\r\n");
        await owner.ResultAsync("appendOps", LiveServer.Batch("a"));
        Assert.Contains(" 200 ", await StatusAsync(other), StringComparison.Ordinal);

        async Task RefusedAsync(string request, int sent, int refused, string status)
        {
            var answers = new List<Task<string>>();
            for (int i = 0; i < sent; i++)
                answers.Add(StatusAsync(await ConnectAsync(live, "127.0.0.2", request)));
            for (int i = 0; i < refused; i++)
            {
                Task<string> answer = await Task.WhenAny(answers);
                answers.Remove(answer);
                Assert.Contains($" {status} ", await answer, StringComparison.Ordinal);
            }
        }

        async Task<string> StatusAsync(TcpClient client)
        {
            byte[] answer = new byte[64];
            return Encoding.ASCII.GetString(answer, 0, await client.GetStream().ReadAsync(answer, live.Timeout));
        }
    }

    [Fact]
    public async Task A_connection_that_sends_no_request_is_closed_in_time()
    {
        await using LiveServer live = await LiveServer.StartAsync(
            serverLimits: Few with
            {
                HttpIdleTime = TimeSpan.FromSeconds(1), HttpHeadersTime = TimeSpan.FromSeconds(1),
            });
        using TcpClient idle = await ConnectAsync(live, "127.0.0.2", ""),
        begun = await ConnectAsync(live, "127.0.0.2", "GET / HTTP/1.1\r\nHost:");
        byte[] answer = new byte[1_024];
        while (await idle.GetStream().ReadAsync(answer, live.Timeout) > 0) continue;
        while (await begun.GetStream().ReadAsync(answer, live.Timeout) > 0) continue;
    }

    private static async Task<TcpClient> ConnectAsync(LiveServer live, string from, string sent)
    {
        var client = new TcpClient(new IPEndPoint(IPAddress.Parse(from), 0));
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, live.Server.Address.Port, live.Timeout);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(sent), live.Timeout);
        }
        catch (Exception closed) when (closed is IOException or SocketException)
        {
            // It was closed already.
        }

        return client;
    }

    /// <summary>Ends when the server has closed it, or has answered.</summary>
    private static async Task<bool> IsClosedAsync(TcpClient client, CancellationToken timeout)
    {
        try
        {
            return await client.GetStream().ReadAsync(new byte[1], timeout) == 0;
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException or InvalidOperationException)
        {
            return true;
        }
    }
}
