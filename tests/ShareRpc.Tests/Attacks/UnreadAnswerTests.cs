using System.Net;
using System.Net.Sockets;
using System.Text;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server;
using ShareRpc.Tests.Server.Http;

namespace ShareRpc.Tests.Attacks;

/// <summary>Answers over HTTP that nobody reads: what they hold counts, and others read on.</summary>
public sealed class UnreadAnswerTests
{
    private const int Megabyte = 1024 * 1024;
    private const int Documents = 20;
    private const int Readers = 8;

    [Fact]
    public async Task What_opencode_imports_counts_until_it_has_left_and_others_read_on()
    {
        // One page is read at a time, which counts three: what is more has not left.
        await using LiveServer live = await LiveServer.StartAsync(
            serverLimits: ServerLimits.Default with { StoreReads = 1 },
            more: options => options with { MemoryBudget = 64 * Megabyte });
        ShareToken token = await live.CreateShareAsync();
        WireHandle owner = await live.RedeemShareAsync(token);
        for (int i = 0; i < Documents; i++) await owner.ResultAsync("appendOps", Large($"k{i}", Megabyte - 1_000));
        string id = owner.Redemption.GetProperty("share_id").GetString()!;
        await live.AssertNoMemoryIsHeldAsync(); // of the appends
        var readers = new List<Socket>();
        for (int i = 0; i < Readers; i++)
            readers.Add(await AskAsync(live, $"GET /api/share/{token.Reveal()}/data HTTP/1.1\r\nHost: x\r\n\r\n"));
        await live.UntilAsync(memory => memory.Used > (Readers - 2) * Megabyte);
        using (var other = new ShareOverHttp(live.Server.Address, id, token, live.Timeout))
            Assert.Equal(1, (await other.JsonAsync(other.StateAsync())).GetProperty("docs").GetArrayLength());
        readers.ForEach(reader => reader.Dispose());
        await live.AssertNoMemoryIsHeldAsync();
    }

    private static string Large(string key, int bytes) => $$"""
        {"batch_id":"b","ops":[{"op_id":"{{OpId.New()}}","verb":"put","kind":"part","key":"{{key}}",
        "data":{"id":"{{key}}","type":"text","text":"{{new string('x', bytes)}}"} }]}
        """;

    private static async Task<Socket> AskAsync(LiveServer live, string request)
    {
        var reader = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            ReceiveBufferSize = 4_096,
        };
        reader.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        await reader.ConnectAsync(IPAddress.Loopback, live.Server.Address.Port, live.Timeout);
        await reader.SendAsync(Encoding.ASCII.GetBytes(request), SocketFlags.None, live.Timeout);
        return reader;
    }
}
