using System.Text.Json;
using ShareRpc.Client.Connection;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Client.Writing.Sending;

internal sealed class LaneIntents(CreatorSession creator, SenderContext context, LaneTokens tokens)
{
    private const int IntentsAtOnce = 100;
    private readonly OutboxFile outbox = context.Outbox;

    /// <summary>
    /// Creates before redeeming; returns false if that failed. Errors of <paramref name="redeemed"/> concern the whole
    /// share: the caller reacts as for ops.
    /// </summary>
    public async Task<bool> SendAsync(
        OutboxShare share, Func<Task<IShareHandle>> redeemed, Action onSent, CancellationToken cancellationToken)
    {
        foreach (OutboxIntent intent in outbox.Intents.List(share.Key, IntentsAtOnce))
        {
            bool isCreate = intent.Kind == WriterRequest.CreateShare;
            IShareHandle? target = isCreate ? null : await redeemed().ConfigureAwait(false);
            try
            {
                Task sent = target is null
                    ? creator.CreateShareAsync(intent, cancellationToken) : SendAsync(target, intent);
                await sent.WaitAsync(cancellationToken).ConfigureAwait(false);
                outbox.Intents.Complete(intent);
                onSent();
            }
            catch (ShareRpcException error) when (!error.IsTransient && error.Action != ErrorAction.Redeem
                && !tokens.IsRotated(share, error.Code))
            {
                string code = ErrorCodes.NameOf(error.Code);
                context.Log.IntentFailed(intent.Kind, share.ShareId, code);
                if (!isCreate)
                {
                    outbox.Intents.Fail(intent, code);
                    continue;
                }

                outbox.Queue.Close(share.Key, code, error.Hint);
                outbox.Intents.FailAll(share.Key, code);
                return false;
            }
        }

        return true;
    }

    private static Task SendAsync(IShareHandle target, OutboxIntent intent) => intent.Kind switch
    {
        WriterRequest.Attenuate => RpcConnection.CallAsync(() => target.AttenuateAsync(Read<AttenuateRequest>(intent))),
        WriterRequest.Revoke =>
            RpcConnection.CallAsync(() => target.RevokeCapabilityAsync(Read<RevokeCapabilityRequest>(intent))),
        _ => throw new InvalidOperationException($"Unknown intent {intent.Kind}."),
    };

    private static T Read<T>(OutboxIntent intent) =>
        JsonSerializer.Deserialize<T>(intent.Request, ProtocolJson.Options)!;
}
