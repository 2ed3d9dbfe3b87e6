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

    /// <summary>Creates before redeeming; returns false on failure.</summary>
    public async Task<bool> SendAsync(
        OutboxShare share, Func<Task<IShareHandle>> redeemed, Action onSent, CancellationToken cancellationToken)
    {
        foreach (OutboxIntent intent in outbox.Intents.List(share.Key, IntentsAtOnce))
        {
            try
            {
                if (intent.Kind == OutboxIntent.CreateShare)
                {
                    await creator.CreateShareAsync(intent, cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    IShareHandle target = await redeemed().ConfigureAwait(false);
                    await SendAsync(target, intent).WaitAsync(cancellationToken).ConfigureAwait(false);
                }

                outbox.Intents.Complete(intent);
                onSent();
            }
            catch (ShareRpcException error) when (
                !error.IsTransient && error.Code is not (ErrorCode.TooManyHandles or ErrorCode.MethodNotFound)
                && !LinkRedeemer.IsGrantsEnd(error) && error.Code != ErrorCode.PassphraseRequired
                    && !tokens.IsRotated(share, error.Code))
            {
                string code = ErrorCodes.NameOf(error.Code);
                context.Log.IntentFailed(intent.Kind, share.ShareId, code);
                if (intent.Kind == OutboxIntent.CreateShare)
                {
                    outbox.Intents.FailAll(share.Key, code);
                    outbox.Queue.Close(share.Key, code, error.Hint);
                    return false;
                }

                outbox.Intents.Fail(intent, code);
            }
        }

        return true;
    }

    private static Task SendAsync(IShareHandle target, OutboxIntent intent) => intent.Kind switch
    {
        OutboxIntent.Attenuate => RpcConnection.CallAsync(() => target.AttenuateAsync(Read<AttenuateRequest>(intent))),
        OutboxIntent.Revoke =>
            RpcConnection.CallAsync(() => target.RevokeCapabilityAsync(Read<RevokeCapabilityRequest>(intent))),
        _ => throw new InvalidOperationException($"Unknown intent {intent.Kind}."),
    };

    private static T Read<T>(OutboxIntent intent) =>
        JsonSerializer.Deserialize<T>(intent.Request, ProtocolJson.Options)!;
}
