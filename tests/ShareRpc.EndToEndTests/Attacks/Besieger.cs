using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using ShareRpc.EndToEndTests.Harness;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>
/// All attackers, in a process of their own that holds itself to half a core: from addresses of their own, each again
/// as soon as it was thrown out.
/// </summary>
internal sealed class Besieger(Uri server, string share, string reader, string limited)
{
    /// <summary>Every attack, by name.</summary>
    public const string Attacks =
        "idle,upgrade,headers,sync,ops,frame,unfinished,unread,rejected,guess";

    private const double Cores = 0.5;
    private const int Addresses = 24;
    private const int UnfinishedBytes = (16 * 1024 * 1024) - 1024;
    private static readonly byte[] Spaces = Encoding.ASCII.GetBytes(new string(' ', 32 * 1024));
    private static readonly byte[] Letters = Encoding.ASCII.GetBytes(new string('x', 1_024));
    private readonly long begun = TimeProvider.System.GetTimestamp();
    private int turn;

    public static async Task<int> RunAsync(WorkerArguments arguments)
    {
        var besieger = new Besieger(new Uri(arguments["--server"]), arguments["--share"], arguments["--reader"],
            arguments["--limited"]);
        await besieger.AttackAsync(arguments["--attacks"].Split(','), arguments.Number("--connections", 1),
            CancellationToken.None);
        return 0;
    }

    private Task AttackAsync(string[] attacks, int connections, CancellationToken ended)
    {
        IPAddress one = IPAddress.Parse("127.0.0.2");
        string body = "HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 16000000\r\n";
        return Task.WhenAll(attacks.SelectMany(attack => attack switch
        {
            "idle" => Many(2 * connections, from => IdleAsync(from, ended)),
            "upgrade" => Many(20,
                from => TrickleAsync(from, "GET /rpc HTTP/1.1\r\nHost: x\r\nUpgrade: web", 1, ended)),
            "headers" => Many(20, from => TrickleAsync(from, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ", 1, ended)),
            "sync" => Many(20,
                from => TrickleAsync(from, $"POST /api/share/x/sync {body}\r\n{{\"secret\":\"", 150, ended)),
            "ops" => Many(20, from => TrickleAsync(from,
                $"POST /v1/shares/{share}/ops {body}Authorization: Bearer {limited}\r\n\r\n{{\"batch_id\":\"", 700,
                ended)),
            "frame" => Many(20, from => FrameAsync(from, 600, ended)),
            "unfinished" => Many(40, from => UnfinishedAsync(from, ended)),
            "unread" => Many(20, from => UnreadAsync(from, ended)),
            "rejected" => Many(4, from => RejectedAsync(from, ended)),
            "guess" => [.. Many(8, from => GuessAsync(from, ended)), RepeatAsync(() => GuessAsync(one, ended))],
            _ => throw new InvalidOperationException($"no attack is called {attack}"),
        }));
    }

    private IEnumerable<Task> Many(int count, Func<IPAddress, Task> attack) =>
        Enumerable.Range(0, count).Select(_ => RepeatAsync(() => attack(Next())));

    private IPAddress Next() => new([127, 0, 0, (byte)(2 + (Interlocked.Increment(ref turn) % Addresses))]);

    private async Task RepeatAsync(Func<Task> attack)
    {
        while (true)
        {
            await ThrottleAsync();
            try
            {
                await attack();
            }
            catch (Exception thrownOut) when (thrownOut is IOException or WebSocketException or SocketException
                or ObjectDisposedException or InvalidOperationException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }
        }
    }

    private async Task ThrottleAsync()
    {
        while (Environment.CpuUsage.TotalTime > TimeProvider.System.GetElapsedTime(begun) * Cores)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
    }

    private async Task IdleAsync(IPAddress from, CancellationToken ended)
    {
        await using NetworkStream stream = await BoundSocket.ConnectAsync(server, from, ended);
        while (await stream.ReadAsync(new byte[64], ended) > 0) continue;
        await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, ended);
    }

    /// <summary>A request that comes slowly: its headers, or its body.</summary>
    private async Task TrickleAsync(IPAddress from, string begin, int bytes, CancellationToken ended)
    {
        await using NetworkStream stream = await BoundSocket.ConnectAsync(server, from, ended);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(begin), ended);
        Task<int> answer = stream.ReadAsync(new byte[1], ended).AsTask();
        while (!answer.IsCompleted)
        {
            await stream.WriteAsync(Letters.AsMemory(0, bytes), ended);
            await Task.WhenAny(answer, Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, ended));
        }
    }

    private async Task FrameAsync(IPAddress from, int bytes, CancellationToken ended)
    {
        (WebSocket socket, _) = await BoundSocket.RedeemAsync(server, from, reader, "", ended);
        using (socket)
        {
            while (true)
            {
                await socket.SendAsync(Spaces.AsMemory(0, bytes), WebSocketMessageType.Text, false, ended);
                await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, ended);
            }
        }
    }

    private async Task UnfinishedAsync(IPAddress from, CancellationToken ended)
    {
        (WebSocket socket, _) = await BoundSocket.RedeemAsync(server, from, reader, "", ended);
        using (socket)
        {
            for (int sent = 0; sent < UnfinishedBytes; sent += Spaces.Length)
            {
                await ThrottleAsync();
                await socket.SendAsync(Spaces.AsMemory(), WebSocketMessageType.Text, false, ended);
            }

            await BoundSocket.ReceiveAsync(socket, ended); // answers pings meanwhile
        }
    }

    private async Task UnreadAsync(IPAddress from, CancellationToken ended)
    {
        (WebSocket socket, string handle) = await BoundSocket.RedeemAsync(server, from, reader, "", ended);
        using (socket)
        {
            for (int id = 1; id <= 64; id++)
            {
                await BoundSocket.SendAsync(socket, $$"""
                    {"jsonrpc":"2.0","id":{{id}},"method":"$/invokeProxy/{{handle}}/readOps","params":{"after":0} }
                    """, ended);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20_000), TimeProvider.System, ended);
        }
    }

    /// <summary>Appends beyond its quota.</summary>
    private async Task RejectedAsync(IPAddress from, CancellationToken ended)
    {
        string writer = $",\"writer_id\":\"{RandomId.New()}\"";
        (WebSocket socket, string handle) = await BoundSocket.RedeemAsync(server, from, limited, writer, ended);
        using (socket)
        {
            for (int seq = 1; ; seq += 20)
            {
                await ThrottleAsync();
                IEnumerable<string> ops = Enumerable.Range(seq, 20).Select(number => $$"""
                    {"op_id":"{{OpId.New()}}","seq":{{number}},"verb":"put","kind":"part","key":"q","data":{} }
                    """);
                await BoundSocket.SendAsync(socket, $$"""
                    {"jsonrpc":"2.0","id":1,"method":"$/invokeProxy/{{handle}}/appendOps","params":
                    {"batch_id":"q","ops":[{{string.Join(',', ops)}}]} }
                    """, ended);
                await BoundSocket.ReceiveAsync(socket, ended);
            }
        }
    }

    private async Task GuessAsync(IPAddress from, CancellationToken ended)
    {
        using WebSocket socket = await BoundSocket.UpgradeAsync(server, from, ended);
        for (int i = 0; i < 200; i++)
        {
            await ThrottleAsync();
            string token = ShareToken.New(RandomId.New()).Reveal();
            await BoundSocket.SendAsync(socket, $$"""
                {"jsonrpc":"2.0","id":{{i}},"method":"redeemShare","params":{"token":"{{token}}"} }
                """, ended);
            await BoundSocket.ReceiveAsync(socket, ended);
        }
    }
}
