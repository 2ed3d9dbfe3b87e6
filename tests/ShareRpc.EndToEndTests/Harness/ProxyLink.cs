using System.Net.Sockets;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>One connection through the proxy.</summary>
internal sealed class ProxyLink(FaultProxy proxy, TcpClient client) : IDisposable
{
    private static readonly TimeSpan DelayTime = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan BlackHoleTime = TimeSpan.FromMilliseconds(400);
    private readonly CancellationTokenSource cut = new();
    private TcpClient? server;
    private TcpClient? twin;
    private volatile bool isMute;
    private volatile bool isFrozen;

    /// <summary>Breaks it, both ways, without a farewell.</summary>
    public void Cut()
    {
        try
        {
            cut.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It had ended by itself.
        }
    }

    /// <summary>Nothing passes, either way, until it is cut.</summary>
    public void Freeze() => isFrozen = true;

    public async Task RunAsync(CancellationToken stop)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cut.Token, stop);
        try
        {
            server = await ConnectAsync(ends.Token);
            if (proxy.Take(atConnect: true) is Fault.ConnectTwice) twin = await ConnectAsync(ends.Token);
            Task up = UpAsync(ends.Token);
            Task down = DownAsync(server, client, ends.Token);
            Task ignored = twin is null ? Task.CompletedTask : DownAsync(twin, null, ends.Token);
            await Task.WhenAny(up, down);
            await ends.CancelAsync();
            await Task.WhenAll(up, down, ignored).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException)
        {
            // A server that is not there, or a link that was cut.
        }
        finally
        {
            foreach (TcpClient? end in (TcpClient?[])[client, server, twin])
            {
                if (end is null) continue;
                end.LingerState = new LingerOption(true, 0); // a reset, as a vanished peer gives
                end.Dispose();
            }
        }
    }

    public void Dispose() => cut.Dispose();

    private async Task<TcpClient> ConnectAsync(CancellationToken cancellationToken)
    {
        var connection = new TcpClient { NoDelay = true };
        Uri target = proxy.Choose?.Invoke() ?? proxy.Server
            ?? throw new SocketException((int)SocketError.ConnectionRefused);
        try
        {
            await connection.ConnectAsync(target.Host, target.Port, cancellationToken);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private async Task UpAsync(CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[64 * 1024];
        bool isUpgrade = true;
        while (await client.GetStream().ReadAsync(buffer, cancellationToken) is var read and > 0)
        {
            if (proxy.IsFrozen || isFrozen) continue;
            ReadOnlyMemory<byte> piece = buffer.AsMemory(0, read);
            Fault? fault = isUpgrade ? null : proxy.Take(atConnect: false);
            isUpgrade = false;
            if (fault is Fault.CutBeforeSend) return;
            if (fault is Fault.CutMidFrame) piece = piece[..(read / 2)];
            if (fault is Fault.Delay) await Task.Delay(DelayTime, TimeProvider.System, cancellationToken);
            if (fault is Fault.BlackHole or Fault.CutAfterSend) isMute = true;
            if (fault is not Fault.BlackHole) await SendAsync(piece, cancellationToken);
            if (fault is Fault.BlackHole or Fault.CutAfterSend)
            {
                await Task.Delay(BlackHoleTime, TimeProvider.System, cancellationToken);
                return;
            }

            if (fault is Fault.CutMidFrame) return;
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        if (twin is not null) await twin.GetStream().WriteAsync(piece, cancellationToken);
        await server!.GetStream().WriteAsync(piece, cancellationToken);
    }

    private async Task DownAsync(TcpClient from, TcpClient? to, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[64 * 1024];
        while (await from.GetStream().ReadAsync(buffer, cancellationToken) is var read and > 0)
        {
            if (to is not null && !isMute && !isFrozen && !proxy.IsFrozen)
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }
}
