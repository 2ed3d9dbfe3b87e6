using System.Buffers;
using System.Globalization;
using System.Text;
using ShareRpc.Benchmarks.Peers;
using ShareRpc.Protocol.Ids;

namespace ShareRpc.Benchmarks.Load;

/// <summary>
/// The publisher of a peer: the same ops as a <see cref="LoadWriter"/>'s, in pages as our viewers get them.
/// </summary>
internal sealed class PeerWriter : ILoadWriter
{
    private readonly RpcSocket socket;
    private readonly OpBodies bodies;
    private readonly int parts;
    private readonly ArrayBufferWriter<byte> frame = new(64 * 1024);

    private PeerWriter(RpcSocket socket, OpBodies bodies, int parts)
    {
        this.socket = socket;
        this.bodies = bodies;
        this.parts = parts;
    }

    public long Sent { get; private set; }

    public static async Task<PeerWriter> OpenAsync(
        Uri server, long after, OpBodies bodies, int parts, CancellationToken cancellationToken) =>
        new(await RpcSocket.ConnectAsync(server, PeerProgram.PublishPath, null, cancellationToken), bodies,
            parts) { Sent = after };

    public async ValueTask AppendAsync(int batch, CancellationToken cancellationToken)
    {
        frame.ResetWrittenCount();
        frame.Write("{\"ops\":["u8);
        for (int i = 0; i < batch; i++)
        {
            if (i > 0) frame.Write(","u8);
            Write($"{{\"cursor\":{++Sent},\"op_id\":\"{OpId.New()}\",\"verb\":\"put\",\"kind\":\"part\",");
            Write($"\"key\":\"prt_{1_000_000 + (Sent % parts)}\",\"data\":");
            frame.Write(bodies[Sent].Span);
            frame.Write("}"u8);
        }

        Write($"],\"cursor\":{Sent}}}");
        await socket.CallAsync(frame.WrittenMemory, cancellationToken);
    }

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    private void Write(FormattableString text) =>
        frame.Write(Encoding.UTF8.GetBytes(text.ToString(CultureInfo.InvariantCulture)));
}
