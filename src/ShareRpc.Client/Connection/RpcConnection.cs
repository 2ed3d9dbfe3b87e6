using System.Net.WebSockets;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Rpc;
using StreamJsonRpc;

namespace ShareRpc.Client.Connection;

/// <summary>Owns its transport.</summary>
internal sealed class RpcConnection : IAsyncDisposable
{
    private readonly ClientRpc rpc;
    private readonly IJsonRpcMessageHandler handler;

    private RpcConnection(IJsonRpcMessageHandler handler)
    {
        this.handler = handler;
        rpc = new ClientRpc(handler);
        Gateway = rpc.Attach<IShareGateway>();
        rpc.AddLocalRpcTarget(new PageReceiver(this), new JsonRpcTargetOptions { NotifyClientOfEvents = false });
        rpc.StartListening();
    }

    public IShareGateway Gateway { get; }

    /// <summary>Gets or sets what takes the pages that the server pushes, in their order; it must not wait.</summary>
    public Action<PushedPage> OnPage { get; set; } = _ => { };

    /// <summary>Completes without error.</summary>
    public Task Closed =>
        rpc.Completion.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None,
            TaskScheduler.Default);

    public bool WasFrameRefused => handler is WebSocketMessageHandler { WebSocket.CloseStatus: { } status }
        && status is WebSocketCloseStatus.MessageTooBig or WebSocketCloseStatus.InvalidPayloadData;

    public static async Task<RpcConnection> OpenAsync(TransportFactory transport, Uri server,
        CancellationToken cancellationToken) =>
        new(await transport(server, cancellationToken).ConfigureAwait(false));

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
            // Socket aborted or server stopped.
            throw new DisconnectedException(aborted);
        }
    }

    /// <summary>Sends the notification <c>credit</c>.</summary>
    public Task GiveCreditAsync(CreditRequest request) =>
        CallAsync(() => rpc.NotifyWithParameterObjectAsync("credit", request));

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
                // Closed anyway.
            }
        }

        rpc.Dispose();
        if (handler is WebSocketMessageHandler { WebSocket: { } closing }) closing.Dispose();
    }

    private sealed class PageReceiver(RpcConnection connection)
    {
        [JsonRpcMethod("page", UseSingleObjectParameterDeserialization = true)]
        public void Receive(PushedPage page) => connection.OnPage(page);
    }
}
