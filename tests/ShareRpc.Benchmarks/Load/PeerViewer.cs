using System.Text;
using ShareRpc.Benchmarks.Peers;

namespace ShareRpc.Benchmarks.Load;

/// <summary>
/// A viewer of a peer: takes what is pushed. It speaks SignalR's JSON protocol as far as that takes: a handshake, and
/// records.
/// </summary>
internal sealed class PeerViewer : ILoadViewer
{
    private static readonly byte[] Handshake = Encoding.UTF8.GetBytes("{\"protocol\":\"json\",\"version\":1}\u001e");
    private readonly RpcSocket socket;
    private long cursor;

    private PeerViewer(RpcSocket socket, long cursor)
    {
        this.socket = socket;
        this.cursor = cursor;
    }

    public RpcSocket Socket => socket;

    public static async Task<PeerViewer[]> OpenManyAsync(
        Uri server, string kind, long cursor, int count, int atOnce, CancellationToken cancellationToken)
    {
        var viewers = new PeerViewer[count];
        await Parallel.ForAsync(
            0, count, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken },
            async (i, cancel) => viewers[i] = await OpenAsync(server, kind, cursor, cancel));
        return viewers;
    }

    public async Task FollowAsync(Func<long, bool> goesOn, Action<long, long> onPage,
        CancellationToken cancellationToken)
    {
        while (goesOn(cursor))
        {
            ReadOnlyMemory<byte> message = await socket.ReceiveAsync(cancellationToken);
            if (!LoadViewer.TryReadCursor(message.Span, out long upTo)) continue; // a ping
            onPage(cursor, upTo);
            cursor = upTo;
        }
    }

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    private static async Task<PeerViewer> OpenAsync(Uri server, string kind, long cursor,
        CancellationToken cancellationToken)
    {
        RpcSocket socket =
            await RpcSocket.ConnectAsync(server, PeerProgram.ViewPath + "/" + kind, null, cancellationToken);
        if (kind == PeerProgram.SignalR)
        {
            await socket.SendAsync(Handshake, cancellationToken);
            await socket.ReceiveAsync(cancellationToken);
        }

        return new PeerViewer(socket, cursor);
    }
}
