using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server;
using ShareRpc.Tests.Server.CapnWeb;

namespace ShareRpc.Tests.Attacks;

/// <summary>
/// Sessions and batches from a grammar of Cap'n Web, damaged or not: each ends in time, with a code that it may end
/// with, and leaves no handle and no memory behind. A part of <c>eng/deep-tests fuzz</c>.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class CapnWebFuzzTests
{
    private const int Messages = 20;
    private const long KeptBytes = 64 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromHours(3);
    private static readonly int Size = NumberOf("SHARERPC_SIZE", 2_000);
    private static readonly int[] Ends = [1000, 1007, 1008, 1009];
    private readonly Grammar grammar = new(NumberOf("SHARERPC_SEED", 1));

    [Fact]
    public async Task Sessions_of_any_messages_end_in_time_and_leave_nothing()
    {
        await using LiveServer live = await LiveServer.StartAsync(patience: Patience);
        ShareToken token = await live.CreateShareAsync();
        WireHandle root = await live.RedeemRootAsync();
        long handles = await HandlesAsync(root);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        int resolved = 0;
        int refused = 0;
        for (int i = 0; i < Size / 4; i += Messages)
        {
            string[] session = Session(token);
            await Hangs.NoneAsync(string.Join('\n', session), async () =>
            {
                using CapWire wire = await CapWire.ConnectAsync(live);
                await TrySendAsync(wire, session);
                (int answers, int? code) = await ReadAllAsync(wire);
                Assert.True(code is null || Ends.Contains(code.Value), $"{code} for {string.Join('\n', session)}");
                resolved += answers;
                if (code == 1007) refused++;
            });
        }

        Assert.InRange(resolved, Size / 200, int.MaxValue); // otherwise nothing was tested but the first messages
        Assert.InRange(refused, 1, int.MaxValue);
        while (await HandlesAsync(root) > handles) live.Timeout.ThrowIfCancellationRequested();
        Assert.InRange(
            GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, KeptBytes);
    }

    [Fact]
    public async Task Batches_of_any_messages_are_answered()
    {
        await using LiveServer live = await LiveServer.StartAsync(patience: Patience);
        ShareToken token = await live.CreateShareAsync();
        using var http = new HttpClient { BaseAddress = live.Server.Address };
        int resolved = 0;
        for (int i = 0; i < Size / 8; i += Messages)
        {
            string body = string.Join('\n', Session(token));
            await Hangs.NoneAsync(body, async () =>
            {
                using var content = new StringContent(body, Encoding.UTF8, "text/plain");
                using HttpResponseMessage answer = await http.PostAsync(new Uri("/capnweb", UriKind.Relative), content,
                    live.Timeout);
                Assert.True((int)answer.StatusCode is 200 or (>= 400 and < 500), $"{answer.StatusCode} to {body}");
                foreach (string line in (await answer.Content.ReadAsStringAsync(live.Timeout)).Split('\n'))
                {
                    if (line.Length == 0) continue;
                    using JsonDocument message = JsonDocument.Parse(line, new() { MaxDepth = 300 });
                    if (message.RootElement[0].GetString() == "resolve") resolved++;
                }
            });
        }

        Assert.InRange(resolved, 1, int.MaxValue);
    }

    private static async Task<long> HandlesAsync(WireHandle root) =>
        (await root.ResultAsync("serverStatus", "{}")).GetProperty("handles").GetInt64();

    /// <summary>Sends as much as the server takes, and then that the session is over.</summary>
    private static async Task TrySendAsync(CapWire wire, string[] session)
    {
        try
        {
            foreach (string message in session) await wire.SendAsync(message);
            await wire.SendAsync("""["abort",0]""");
        }
        catch (Exception closed) when (closed is WebSocketException or IOException or ObjectDisposedException)
        {
            // It has ended the session.
        }
    }

    /// <summary>Returns how many results came until the end, and the code of the close; null: it just broke.</summary>
    private static async Task<(int Resolved, int? Code)> ReadAllAsync(CapWire wire)
    {
        int resolved = 0;
        try
        {
            while (await wire.ReceiveTextAsync() is { } text)
                if (text.StartsWith("[\"resolve\"", StringComparison.Ordinal)) resolved++;
            return (resolved, wire.CloseCode);
        }
        catch (Exception closed) when (closed is WebSocketException or IOException or ObjectDisposedException)
        {
            return (resolved, null);
        }
    }

    private string[] Session(ShareToken token) =>
    [
        $"[\"push\",[\"pipeline\",0,[\"redeemShare\"],[\"{token.Reveal()}\"]]]",
        .. Enumerable.Range(0, Messages).Select(i => grammar.Damaged(Message(i))),
    ];

    private string Message(int before) => grammar.Pick(12) switch
    {
        < 5 => $"[\"push\",{Call(before, 2)}]",
        5 => $"[\"push\",{Expression(before, 3)}]",
        < 10 => $"[\"pull\",{Id(before)}]",
        10 => $"[\"{grammar.Of("resolve", "reject")}\",{-1 - grammar.Pick(40)},{Expression(before, 2)}]",
        _ => grammar.Of("""["pipe"]""", $"[\"stream\",{Call(before, 1)}]", """["push",["remap",0,[],[],[]]]""",
            $"[\"push\",{Call(before, 1)},1]", $"[\"release\",{Id(before)},1]"),
    };

    /// <summary>Mostly a call of a method that there is, on the share.</summary>
    private string Call(int before, int depth)
    {
        string method = grammar.Of("readOps", "appendOps", "getState", "listCapabilities", "subscribe", "endShares");
        string request = method switch
        {
            "appendOps" => $$"""{"batch_id":"b","ops":[[{"op_id":"o{{grammar.Number(1_000_000)}}","verb":"put","""
                + $$""" "kind":"part","key":"k","data":{"v":{{Expression(before, depth)}} } }]]}""",
            "subscribe" => """{"after":0,"credit":1000},["export",-9]""",
            _ => $$"""{"limit":{{Expression(before, 1)}},"after":{{grammar.Number(3)}} }""",
        };
        return grammar.Chance(6)
            ? $"[\"{grammar.Of("pipeline", "import")}\",{Id(before)},[\"{method}\"],[{Expression(before, depth)}]]"
            : $"[\"pipeline\",1,[\"share\",\"{method}\"],[{request}]]";
    }

    private string Expression(int before, int depth) => grammar.Pick(depth > 0 ? 14 : 6) switch
    {
        0 => grammar.Number(100),
        1 => grammar.Text(8),
        2 => grammar.Of("true", "null", "1.5", "1e99"),
        3 => grammar.Of("""["date",7]""", """["undefined"]""", """["bigint","12"]""", """["bytes","AQID"]""",
            """["inf"]""", """["url","https://x/"]""", """["error","TypeError","no"]"""),
        4 => $"[\"pipeline\",{Id(before)},[{grammar.Of("", "\"cursor\"", "\"ops\",0", "\"share\"")}]]",
        5 => $"[\"{(grammar.Chance(4) ? "promise" : "export")}\",{-1 - grammar.Pick(400)}]",
        6 or 7 => $"[[{Expression(before, depth - 1)},{Expression(before, depth - 1)}]]",
        8 or 9 => $$"""{"a":{{Expression(before, depth - 1)}},"b":{{Expression(before, depth - 1)}} }""",
        10 => Call(before, depth - 1),
        11 => $"[\"import\",{Id(before)}]",
        12 when grammar.Chance(10) => grammar.Of("""["date","x"]""", "[]", "[1]", grammar.Value(2)),
        12 => grammar.Of("""["blob","",["readable",1]]""", """["headers",[]]"""),
        _ => grammar.Text(30),
    };

    /// <summary>An id that mostly stands for something: about half of the messages push.</summary>
    private int Id(int before) => grammar.Pick(30) switch
    {
        0 => grammar.Pick(before + 30),
        1 => -1 - grammar.Pick(2),
        < 5 => 0,
        _ => 1 + grammar.Pick(1 + (before / 4)),
    };

    private static int NumberOf(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number)
            ? number : otherwise;
}
