using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Peers;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Load;

/// <summary>
/// One writer on a connection of its own: batches in a closed loop, the next one leaves after the last one is acked.
/// </summary>
internal sealed class LoadWriter : ILoadWriter, IBatchWriter
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    private readonly RpcSocket socket;
    private readonly OpBodies bodies;
    private readonly OpNames names;
    private readonly byte[] method;
    private readonly ArrayBufferWriter<byte> frame = new(64 * 1024);
    private long seq;
    private long earlier;
    private long calls;

    private LoadWriter(RpcSocket socket, long handle, OpBodies bodies, OpNames names)
    {
        this.socket = socket;
        this.bodies = bodies;
        this.names = names;
        Handle = handle;
        method = Encoding.UTF8.GetBytes(ShareSetup.MethodOf(handle, "appendOps"));
    }

    public long Handle { get; }

    public RpcSocket Socket => socket;

    public long Bytes => socket.Bytes;

    /// <summary>Ops sent so far.</summary>
    public long Sent => earlier + seq;

    public static async Task<LoadWriter> OpenAsync(
        Uri server, ShareToken token, OpBodies bodies, OpNames names, CancellationToken cancellationToken)
    {
        RpcSocket socket = await RpcSocket.ConnectAsync(server, cancellationToken);
        (long handle, _) = await socket.RedeemAsync(
            $$"""{"token":"{{token.Reveal()}}","writer_id":"{{RandomId.New()}}"}""", cancellationToken);
        return new LoadWriter(socket, handle, bodies, names);
    }

    /// <summary>A writer whose frames a peer takes, which reads nothing of them.</summary>
    public static async Task<LoadWriter> OpenToPeerAsync(Uri peer, OpBodies bodies, OpNames names,
        CancellationToken cancellationToken) =>
        new(await RpcSocket.ConnectAsync(peer, PeerProgram.PublishPath, null, cancellationToken), handle: 1, bodies,
            names);

    /// <summary>
    /// Goes on where another connection's writer stopped: under a new writer id, so the seqs begin anew.
    /// </summary>
    public void ContinueAfter(long ops) => earlier = ops;

    /// <summary>One batch, acknowledged when this returns.</summary>
    public async ValueTask AppendAsync(int batch, CancellationToken cancellationToken) =>
        await socket.CallAsync(Prepare(batch), cancellationToken);

    /// <summary>
    /// One batch that only fills a share: sent again, the same bytes, for as long as the server asks to wait.
    /// </summary>
    public async Task FillAsync(int batch, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> next = Prepare(batch);
        while (!await socket.TryCallAsync(next, cancellationToken))
            await Task.Delay(AskAgain, TimeProvider.System, cancellationToken);
    }

    /// <summary>One op; the share's head after it.</summary>
    public async Task<long> AppendForCursorAsync(CancellationToken cancellationToken)
    {
        using JsonDocument ack = JsonDocument.Parse(await socket.CallAsync(Prepare(1), cancellationToken));
        return ack.RootElement.GetProperty("result").GetProperty("cursor").GetInt64();
    }

    public Task<long> RunAsync(int batch, Latencies latencies, Func<bool> goesOn,
        CancellationToken cancellationToken) =>
        ClosedLoop.RunAsync(batch, latencies, goesOn, Prepare,
            async frame => await socket.CallAsync(frame, cancellationToken));

    /// <summary>As the other one, for a round: the ops, and the bytes of messages both ways.</summary>
    public async Task<(double Ops, double WireBytes)> RunRoundAsync(
        int batch, Latencies latencies, Func<bool> goesOn, CancellationToken cancellationToken)
    {
        long before = socket.Bytes;
        long ops = await RunAsync(batch, latencies, goesOn, cancellationToken);
        return (ops, socket.Bytes - before);
    }

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    /// <summary>The frame of the next batch; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Prepare(int batch)
    {
        frame.ResetWrittenCount();
        frame.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        Write(frame, ++calls);
        frame.Write(",\"method\":\""u8);
        frame.Write(method);
        frame.Write("\",\"params\":{\"batch_id\":\"b"u8);
        Write(frame, calls);
        frame.Write("\",\"ops\":["u8);
        for (int i = 0; i < batch; i++)
        {
            if (i > 0) frame.Write(","u8);
            WriteOp(frame, bodies, names, ++seq);
        }

        frame.Write("]}}"u8);
        return frame.WrittenMemory;
    }

    /// <summary>Writes the op with a seq.</summary>
    public static void WriteOp(ArrayBufferWriter<byte> frame, OpBodies bodies, OpNames names, long number)
    {
        frame.Write("{\"op_id\":\""u8);
        names.WriteId(frame);
        frame.Write("\",\"seq\":"u8);
        Write(frame, number);
        frame.Write(",\"verb\":\"put\",\"kind\":\"part\",\"key\":\""u8);
        names.WriteKey(frame, number);
        frame.Write("\",\"data\":"u8);
        frame.Write(bodies[number].Span);
        frame.Write("}"u8);
    }

    private static void Write(ArrayBufferWriter<byte> frame, long number)
    {
        Utf8Formatter.TryFormat(number, frame.GetSpan(20), out int written);
        frame.Advance(written);
    }
}
