using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ShareRpc.Benchmarks.Load;

/// <summary>One viewer on a connection of its own: reads that wait, each after the last one's cursor.</summary>
internal sealed class LoadViewer : ILoadViewer
{
    private const int WaitMs = 30_000;
    private readonly RpcSocket socket;
    private readonly string method;

    private LoadViewer(RpcSocket socket, long handle, long cursor)
    {
        this.socket = socket;
        method = ShareSetup.MethodOf(handle, "readOps");
        Cursor = cursor;
    }

    /// <summary>What it has read up to.</summary>
    public long Cursor { get; private set; }

    public RpcSocket Socket => socket;

    /// <summary>Connects and redeems, with <c>"token":"..."</c>; starts at the head.</summary>
    public static async Task<LoadViewer> OpenAsync(Uri server, string secret, CancellationToken cancellationToken)
    {
        RpcSocket socket = await RpcSocket.ConnectAsync(server, cancellationToken);
        (long handle, JsonElement result) = await socket.RedeemAsync("{" + secret + "}", cancellationToken);
        return new LoadViewer(socket, handle, result.GetProperty("cursor").GetInt64());
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

    private byte[] FrameAfter(long after) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$$"""
        {"jsonrpc":"2.0","id":1,"method":"{{{method}}}","params":{"after":{{{after}}},
         "wait_ms":{{{WaitMs}}}}}
        """));
}
