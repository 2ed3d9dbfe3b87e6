using System.Text.Json;
using ShareRpc.Client.Connection;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>Used by several lanes.</summary>
internal sealed class CreatorSession(RpcConnection connection, SenderContext context)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Task<IRootHandle>> handles = new(StringComparer.Ordinal);
    private readonly LiveTokens tokens = new(context.Credentials);

    public async Task CreateShareAsync(OutboxIntent intent, CancellationToken cancellationToken)
    {
        CreateShareRequest request =
            JsonSerializer.Deserialize<CreateShareRequest>(intent.Request, ProtocolJson.Options)!;
        while (true)
        {
            ShareToken token =
                tokens.Find(intent.ByCapId) ?? throw new ShareRpcException(ErrorCode.InvalidToken);
            try
            {
                IRootHandle root = await GetAsync(token).WaitAsync(cancellationToken).ConfigureAwait(false);
                await RpcConnection.CallAsync(() => root.CreateShareAsync(request)).WaitAsync(cancellationToken)
                    .ConfigureAwait(false);
                return;
            }
            catch (ShareRpcException error) when (
                error.Code == ErrorCode.CapabilityRevoked && tokens.IsRotated(intent.ByCapId, token.Digest))
            {
                // The rotated token is tried next.
            }
        }
    }

    private Task<IRootHandle> GetAsync(ShareToken token)
    {
        lock (gate)
        {
            if (!handles.TryGetValue(token.Digest, out Task<IRootHandle>? handle) || handle.IsFaulted)
            {
                handles[token.Digest] = handle = RedeemAsync(token);
            }
            return handle;
        }
    }

    private async Task<IRootHandle> RedeemAsync(ShareToken token)
    {
        RedeemRootResult result = await RpcConnection
            .CallAsync(() => connection.Gateway.RedeemRootAsync(new RedeemRootRequest { Token = token.Reveal() },
                CancellationToken.None))
            .ConfigureAwait(false);
        return result.Root;
    }
}
