using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ShareRpc.Benchmarks.Load;

/// <summary>
/// One viewer on a connection of its own: a subscription where the server has it, else reads that wait, each after the
/// last one's cursor.
/// </summary>
internal sealed class LoadViewer : ILoadViewer
{
    private const int WaitMs = 30_000;
    private const int Credit = 1024 * 1024;
    private readonly RpcSocket socket;
    private readonly string reading;
    private readonly string? subscribing;
    private int used;

    private LoadViewer(RpcSocket socket, long handle, JsonElement redeemed)
    {
        this.socket = socket;
        reading = ShareSetup.MethodOf(handle, "readOps");
        bool subscribes = redeemed.TryGetProperty("features", out JsonElement features)
            && features.TryGetProperty("methods", out JsonElement methods)
            && methods.EnumerateArray().Any(method => method.ValueEquals("subscribe"));
        subscribing = subscribes ? ShareSetup.MethodOf(handle, "subscribe") : null;
        Cursor = redeemed.GetProperty("cursor").GetInt64();
    }

    /// <summary>What it has read up to.</summary>
    public long Cursor { get; private set; }

    public RpcSocket Socket => socket;

    /// <summary>Connects and redeems, with <c>"token":"..."</c>; starts at the head.</summary>
    public static async Task<LoadViewer> OpenAsync(Uri server, string secret, CancellationToken cancellationToken)
    {
        RpcSocket socket = await RpcSocket.ConnectAsync(server, cancellationToken);
        (long handle, JsonElement result) = await socket.RedeemAsync("{" + secret + "}", cancellationToken);
        return new LoadViewer(socket, handle, result);
    }

    /// <summary>Viewers of one token, so many being opened at a time.</summary>
    public static async Task<LoadViewer[]> OpenManyAsync(
        Uri server, string secret, int count, int atOnce, CancellationToken cancellationToken)
    {
        var viewers = new LoadViewer[count];
        await Parallel.ForAsync(
            0, count, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken },
            async (i, cancel) => viewers[i] = await OpenAsync(server, secret, cancel));
        return viewers;
    }

    /// <summary>
    /// Reads until the cursor reaches an end, or access ends; tells of each page which ops it brought, (after, upTo].
    /// </summary>
    public async Task FollowAsync(Func<long, bool> goesOn, Action<long, long> onPage,
        CancellationToken cancellationToken)
    {
        if (subscribing is not null)
        {
            await SubscribeAsync(subscribing, goesOn, onPage, cancellationToken);
            return;
        }

        while (goesOn(Cursor))
        {
            ReadOnlyMemory<byte> page = await socket.CallAsync(FrameAfter(Cursor), cancellationToken);
            if (!TryReadCursor(page.Span, out long upTo)) throw new InvalidOperationException("no page");
            if (upTo > Cursor) onPage(Cursor, upTo);
            Cursor = upTo;
        }
    }

    /// <summary>The page's own cursor stands behind its ops.</summary>
    public static bool TryReadCursor(ReadOnlySpan<byte> page, out long cursor)
    {
        int at = page.LastIndexOf("],\"cursor\":"u8);
        cursor = 0;
        return at >= 0 && Utf8Parser.TryParse(page[(at + 11)..], out cursor, out _);
    }

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    private async Task SubscribeAsync(
        string method, Func<long, bool> goesOn, Action<long, long> onPage, CancellationToken cancellationToken)
    {
        await SendAsync(string.Create(CultureInfo.InvariantCulture, $$$"""
            {"jsonrpc":"2.0","id":1,"method":"{{{method}}}","params":{"after":{{{Cursor}}},"credit":{{{Credit}}}}}
            """), cancellationToken);
        while (goesOn(Cursor))
        {
            ReadOnlyMemory<byte> page = await socket.ReceiveAsync(cancellationToken);
            int at = page.Span.IndexOf("\"bytes\":"u8);
            bool isPage = TryReadCursor(page.Span, out long upTo) & at >= 0;
            if (!isPage || !Utf8Parser.TryParse(page.Span[(at + 8)..], out int bytes, out _))
                throw new InvalidOperationException("no page");
            if (upTo > Cursor) onPage(Cursor, upTo);
            Cursor = upTo;
            used += bytes;
            if (used < Credit / 2) continue;
            string credit = string.Create(CultureInfo.InvariantCulture,
                $$$"""{"jsonrpc":"2.0","method":"credit","params":{"bytes":{{{used}}}}}""");
            used = 0;
            await SendAsync(credit, cancellationToken);
        }
    }

    private ValueTask SendAsync(string frame, CancellationToken cancellationToken) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(frame), cancellationToken);

    private byte[] FrameAfter(long after) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$$"""
        {"jsonrpc":"2.0","id":1,"method":"{{{reading}}}","params":{"after":{{{after}}},
         "wait_ms":{{{WaitMs}}}}}
        """));
}
