using System.Net.WebSockets;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Rpc;
using StreamJsonRpc;

namespace ShareRpc.Client.Connection;

/// <summary>
/// One connection to a server. Every call ends with a value, a <see cref="ShareRpcException"/> from the server, or a
/// <see cref="DisconnectedException"/>. Owns its transport.
/// </summary>
internal sealed class RpcConnection : IAsyncDisposable
{
    private readonly ClientRpc rpc;
    private readonly IJsonRpcMessageHandler handler;

    private RpcConnection(IJsonRpcMessageHandler handler)
    {
        this.handler = handler;
        rpc = new ClientRpc(handler);
        Gateway = rpc.Attach<IShareGateway>();
        rpc.StartListening();
    }

    public IShareGateway Gateway { get; }

    /// <summary>Ends, without an error, when the connection does.</summary>
    public Task Closed =>
        rpc.Completion.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None,
            TaskScheduler.Default);

    /// <summary>
    /// Gets whether the server closed the connection over a frame: too large, or not text it could read.
    /// </summary>
    public bool WasFrameRefused => handler is WebSocketMessageHandler { WebSocket.CloseStatus: { } status }
        && status is WebSocketCloseStatus.MessageTooBig or WebSocketCloseStatus.InvalidPayloadData;

    public static async Task<RpcConnection> OpenAsync(TransportFactory transport, Uri server,
        CancellationToken cancellationToken) =>
        new(await transport(server, cancellationToken).ConfigureAwait(false));

    /// <summary>Makes a call, with its errors translated.</summary>
    public static async Task<T> CallAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (RemoteInvocationException refusal)
        {
            throw refusal.DeserializedErrorData is ErrorData data
                ? data.ToException() : new ShareRpcException(ErrorCode.Internal);
        }
        catch (Exception lost) when (
            lost is ConnectionLostException or ObjectDisposedException or WebSocketException or IOException)
        {
            throw new DisconnectedException(lost);
        }
        catch (OperationCanceledException aborted) when (!aborted.CancellationToken.IsCancellationRequested)
        {
            // Not the caller's doing: the socket was aborted, or the server gave the call up as it stopped.
            throw new DisconnectedException(aborted);
        }
    }

    public static Task CallAsync(Func<Task> call) => CallAsync(async () =>
    {
        await call().ConfigureAwait(false);
        return true;
    });

    public async ValueTask DisposeAsync()
    {
        if (handler is WebSocketMessageHandler { WebSocket: { State: WebSocketState.Open } socket })
        {
            try
            {
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1), TimeProvider.System);
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null,
                    patience.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (
                exception is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
            {
                // It is closed either way.
            }
        }

        rpc.Dispose();
        if (handler is WebSocketMessageHandler { WebSocket: { } closing }) closing.Dispose();
    }
}
