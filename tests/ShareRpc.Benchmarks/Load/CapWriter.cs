using System.Buffers;
using System.Diagnostics;
using System.Text;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Load;

/// <summary>
/// One writer over Cap'n Web: the ops of a <see cref="LoadWriter"/> in a closed loop, three messages an append, as the
/// npm package sends them: push, pull, and a release behind the answer.
/// </summary>
internal sealed class CapWriter : IAsyncDisposable
{
    private readonly RpcSocket socket;
    private readonly OpBodies bodies;
    private readonly int parts;
    private readonly byte[] start;
    private readonly byte[] end;
    private readonly ArrayBufferWriter<byte> frame = new(64 * 1024);
    private long seq;
    private long pushes;

    private CapWriter(RpcSocket socket, OpBodies bodies, int parts, long pushes, string start, string end)
    {
        (this.socket, this.bodies, this.parts, this.pushes) = (socket, bodies, parts, pushes);
        (this.start, this.end) = (Encoding.UTF8.GetBytes(start), Encoding.UTF8.GetBytes(end));
    }

    public RpcSocket Socket => socket;

    /// <summary>Opens a writer of ours.</summary>
    public static async Task<CapWriter> OpenAsync(Uri server, ShareToken token, OpBodies bodies, int parts,
        CancellationToken cancellationToken)
    {
        RpcSocket socket = await RpcSocket.ConnectAsync(server, "/capnweb", null, cancellationToken);
        string request = $$"""{"token":"{{token.Reveal()}}","writer_id":"{{RandomId.New()}}"}""";
        await socket.SendAsync(
            Encoding.UTF8.GetBytes($"[\"push\",[\"pipeline\",0,[\"redeemShare\"],[{request}]]]"), cancellationToken);
        await socket.SendAsync("[\"pull\",1]"u8.ToArray(), cancellationToken);
        Demand((await socket.ReceiveAsync(cancellationToken)).Span);
        return new CapWriter(socket, bodies, parts, pushes: 1,
            """["push",["pipeline",-1,["appendOps"],[{"batch_id":"b","ops":[[""", "]]}]]]");
    }

    /// <summary>Opens a writer of a <see cref="Servers.CapPeer"/>.</summary>
    public static async Task<CapWriter> OpenToPeerAsync(Uri peer, string share, OpBodies bodies, int parts,
        CancellationToken cancellationToken) =>
        new(await RpcSocket.ConnectAsync(peer, "/", null, cancellationToken), bodies, parts, pushes: 0,
            $"[\"push\",[\"pipeline\",0,[\"append\"],[\"{share}\",[[", "]]]]]");

    /// <summary>Appends batches as long as it is to go on, but one at least; the ops acknowledged meanwhile.</summary>
    public async Task<long> RunAsync(int batch, Latencies latencies, Func<bool> goesOn,
        CancellationToken cancellationToken)
    {
        long before = seq;
        do
        {
            ReadOnlyMemory<byte> push = Prepare(batch);
            byte[] pull = Encoding.ASCII.GetBytes(FormattableString.Invariant($"[\"pull\",{++pushes}]"));
            byte[] release = Encoding.ASCII.GetBytes(FormattableString.Invariant($"[\"release\",{pushes},1]"));
            long begun = Stopwatch.GetTimestamp();
            await socket.SendAsync(push, cancellationToken);
            await socket.SendAsync(pull, cancellationToken);
            Demand((await socket.ReceiveAsync(cancellationToken)).Span);
            latencies.Add(Stopwatch.GetElapsedTime(begun));
            await socket.SendAsync(release, cancellationToken);
        }
        while (goesOn());

        return seq - before;
    }

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    private ReadOnlyMemory<byte> Prepare(int batch)
    {
        frame.ResetWrittenCount();
        frame.Write(start);
        for (int i = 0; i < batch; i++)
        {
            if (i > 0) frame.Write(","u8);
            LoadWriter.WriteOp(frame, bodies, parts, ++seq);
        }

        frame.Write(end);
        return frame.WrittenMemory;
    }

    private static void Demand(ReadOnlySpan<byte> answer)
    {
        if (!answer.StartsWith("[\"resolve\""u8))
            throw new InvalidOperationException("refused: " + Encoding.UTF8.GetString(answer));
    }
}
