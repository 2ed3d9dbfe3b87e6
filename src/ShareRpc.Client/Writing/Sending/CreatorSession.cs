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

    public async Task CreateShareAsync(OutboxIntent intent, CancellationToken cancellationToken)
    {
        CreateShareRequest request =
            JsonSerializer.Deserialize<CreateShareRequest>(intent.Request, ProtocolJson.Options)!;
        IRootHandle root = await GetAsync(intent.ByCapId).WaitAsync(cancellationToken).ConfigureAwait(false);
        await RpcConnection.CallAsync(() => root.CreateShareAsync(request)).WaitAsync(cancellationToken).ConfigureAwait(
            false);
    }

    private Task<IRootHandle> GetAsync(string capId)
    {
        lock (gate)
        {
            if (!handles.TryGetValue(capId, out Task<IRootHandle>? handle) || handle.IsFaulted)
            {
                handles[capId] = handle = RedeemAsync(capId);
            }
            return handle;
        }
    }

    private async Task<IRootHandle> RedeemAsync(string capId)
    {
        ShareToken token = context.Credentials.FindToken(capId) ?? throw new ShareRpcException(ErrorCode.InvalidToken);
        RedeemRootResult result = await RpcConnection
            .CallAsync(() => connection.Gateway.RedeemRootAsync(new RedeemRootRequest { Token = token.Reveal() },
                CancellationToken.None))
            .ConfigureAwait(false);
        return result.Root;
    }
}
