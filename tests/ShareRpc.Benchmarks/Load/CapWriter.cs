using System.Buffers;
using System.Text;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Load;

/// <summary>
/// One writer over Cap'n Web: the ops of a <see cref="LoadWriter"/> in a closed loop, three messages an append, as the
/// npm package sends them: push, pull, and a release behind the answer.
/// </summary>
internal sealed class CapWriter : IBatchWriter
{
    private readonly RpcSocket socket;
    private readonly OpBodies bodies;
    private readonly OpNames names;
    private readonly byte[] start;
    private readonly byte[] end;
    private readonly ArrayBufferWriter<byte> frame = new(64 * 1024);
    private long seq;
    private long pushes;

    private CapWriter(RpcSocket socket, OpBodies bodies, OpNames names, long pushes, string start, string end)
    {
        (this.socket, this.bodies, this.names, this.pushes) = (socket, bodies, names, pushes);
        (this.start, this.end) = (Encoding.UTF8.GetBytes(start), Encoding.UTF8.GetBytes(end));
    }

    public long Bytes => socket.Bytes;

    /// <summary>Opens a writer of ours.</summary>
    public static async Task<CapWriter> OpenAsync(Uri server, ShareToken token, OpBodies bodies, OpNames names,
        CancellationToken cancellationToken)
    {
        RpcSocket socket = await RpcSocket.ConnectAsync(server, "/capnweb", null, cancellationToken);
        string request = $$"""{"token":"{{token.Reveal()}}","writer_id":"{{RandomId.New()}}"}""";
        await socket.SendAsync(
            Encoding.UTF8.GetBytes($"[\"push\",[\"pipeline\",0,[\"redeemShare\"],[{request}]]]"), cancellationToken);
        await socket.SendAsync("[\"pull\",1]"u8.ToArray(), cancellationToken);
        Demand((await socket.ReceiveAsync(cancellationToken)).Span);
        return new CapWriter(socket, bodies, names, pushes: 1,
            """["push",["pipeline",-1,["appendOps"],[{"batch_id":"b","ops":[[""", "]]}]]]");
    }

    /// <summary>Opens a writer of a <see cref="Servers.CapPeer"/>.</summary>
    public static async Task<CapWriter> OpenToPeerAsync(Uri peer, string share, OpBodies bodies, OpNames names,
        CancellationToken cancellationToken) =>
        new(await RpcSocket.ConnectAsync(peer, "/", null, cancellationToken), bodies, names, pushes: 0,
            $"[\"push\",[\"pipeline\",0,[\"append\"],[\"{share}\",[[", "]]]]]");

    public Task<long> RunAsync(int batch, Latencies latencies, Func<bool> goesOn,
        CancellationToken cancellationToken) =>
        ClosedLoop.RunAsync(batch, latencies, goesOn, Prepare, push => SendAsync(push, cancellationToken));

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    private ReadOnlyMemory<byte> Prepare(int batch)
    {
        frame.ResetWrittenCount();
        frame.Write(start);
        for (int i = 0; i < batch; i++)
        {
            if (i > 0) frame.Write(","u8);
            LoadWriter.WriteOp(frame, bodies, names, ++seq);
        }

        frame.Write(end);
        return frame.WrittenMemory;
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> push, CancellationToken cancellationToken)
    {
        byte[] pull = Encoding.ASCII.GetBytes(FormattableString.Invariant($"[\"pull\",{++pushes}]"));
        byte[] release = Encoding.ASCII.GetBytes(FormattableString.Invariant($"[\"release\",{pushes},1]"));
        await socket.SendAsync(push, cancellationToken);
        await socket.SendAsync(pull, cancellationToken);
        Demand((await socket.ReceiveAsync(cancellationToken)).Span);
        await socket.SendAsync(release, cancellationToken);
    }

    private static void Demand(ReadOnlySpan<byte> answer)
    {
        if (!answer.StartsWith("[\"resolve\""u8))
            throw new InvalidOperationException("refused: " + Encoding.UTF8.GetString(answer));
    }
}
