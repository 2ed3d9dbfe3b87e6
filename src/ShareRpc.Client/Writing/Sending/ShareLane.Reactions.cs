using System.Text.Json;
using ShareRpc.Client.Connection;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>What a lane does with each error (SPEC section "What a client does").</summary>
internal sealed partial class ShareLane
{
    private const int IntentsAtOnce = 100;
    private int gaps;
    private bool wasHandleLost;

    private async Task ReactAsync(OutboxShare share, ShareRpcException error, CancellationToken cancellationToken)
    {
        OpBatch? refused = window.TryDequeue(out Sent? first) ? first.Batch : null;
        await SettleRestAsync(cancellationToken).ConfigureAwait(false);
        string code = ErrorCodes.NameOf(error.Code);
        bool isRotated = LinkRedeemer.IsGrantsEnd(error) || IsRotated(share, error.Code);
        if (isRotated || error.Code == ErrorCode.CapabilitySuspended) DropHandle(); // it is dead: only redeeming gives another
        if (isRotated)
        {
            context.Log.Waiting(share.ShareId, 0, code);
        }
        else if (error.IsTransient || IsNotThereYet(share, error.Code) || IsLocked(share, error.Code))
        {
            await BackOffAsync(share, error, cancellationToken).ConfigureAwait(false);
        }
        else if (error.Code == ErrorCode.TooManyHandles)
        {
            throw new DisconnectedException(null); // the connection has made its last handle; another one has not
        }
        else if (error.Code == ErrorCode.MethodNotFound && !wasHandleLost)
        {
            wasHandleLost = true;
            DropHandle();
        }
        else if (error.Code is ErrorCode.WriterForked or ErrorCode.WriterTaken)
        {
            StartNewWriter(share, code);
        }
        else if (error.Code == ErrorCode.SequenceGap)
        {
            // What the server lacks is sent from the start, if it is still here; if not, only a new writer can go on.
            bool isHere = outbox.FirstUnacked(shareKey, 0)?.Seq == error.AckedSeq + 1;
            if (!isHere || ++gaps > 2) StartNewWriter(share, code);
        }
        else if (ErrorCodes.IsAuthority(error.Code))
        {
            context.Log.ShareClosed(share.ShareId, code);
            outbox.Close(shareKey, code, error.Hint);
        }
        else if (refused is not null)
        {
            context.Log.BatchRefused(refused.Ops.Count, share.ShareId, code);
            outbox.SplitOrPark(shareKey, refused, code, error.Hint);
            if (outbox.GetShare(shareKey).WriterId != share.WriterId) DropHandle();
        }
        else
        {
            // The redemption itself was refused in a way that this version does not know how to mend.
            await BackOffAsync(share, error, cancellationToken).ConfigureAwait(false);
        }

        sentSeq = 0;
    }

    /// <summary>Batches behind the refused one: an ack still counts, and what was not acked stays in flight and is sent again.</summary>
    private async Task SettleRestAsync(CancellationToken cancellationToken)
    {
        while (window.TryDequeue(out Sent? next))
        {
            try
            {
                Settle(next.Batch, await next.Ack.WaitAsync(cancellationToken).ConfigureAwait(false));
            }
            catch (ShareRpcException)
            {
                // Refused because of the one before it.
            }
        }
    }

    private void StartNewWriter(OutboxShare share, string code)
    {
        context.Log.NewWriter(share.ShareId, code);
        outbox.StartNewWriter(shareKey);
        gaps = 0;
        DropHandle();
    }

    private void DropHandle()
    {
        handle?.Dispose();
        handle = null;
    }

    /// <summary>Waits as long as the error asks for, or until something new is asked of the server besides ops.</summary>
    private async Task BackOffAsync(OutboxShare share, ShareRpcException error, CancellationToken cancellationToken)
    {
        TimeSpan wait = backoff.Next(error.RetryAfter);
        context.Log.Waiting(share.ShareId, (long)wait.TotalMilliseconds, ErrorCodes.NameOf(error.Code));
        long newest = outbox.FindNewestIntent(shareKey);
        using var woken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task delay = Task.Delay(wait, context.Time, woken.Token);
        while (!delay.IsCompleted)
        {
            Task changed = outbox.Changed;
            if (outbox.FindNewestIntent(shareKey) > newest) break;
            await Task.WhenAny(delay, changed).ConfigureAwait(false);
        }

        await woken.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// A joined share's grant has ended and its link asks for the passphrase: the queue is kept until somebody gives it
    /// (<see cref="ShareClient.JoinShareAsync(string, ShareLink, string?, CancellationToken)"/>). A wrong one is not
    /// tried again.
    /// </summary>
    private bool IsLocked(OutboxShare share, ErrorCode code)
    {
        if (code != ErrorCode.PassphraseRequired || share.ViewerCapId is not null) return false;
        if (context.Credentials.FindToken(share.AppendCapId) is { } token)
        {
            context.LinkOf(new ShareLink(context.Options.Server, share.ShareId, token)).Passphrase = null;
        }

        return true;
    }

    /// <summary>A share that was joined by a link may not have been created yet: its creator was offline.</summary>
    private bool IsNotThereYet(OutboxShare share, ErrorCode code) =>
        code == ErrorCode.InvalidToken && share.ViewerCapId is null && share.Cursor == 0
        && context.Time.GetElapsedTime(startedAt) < context.Options.InvalidTokenPatience;

    /// <summary>
    /// The token that was used is dead, and this machine has another one for the same ref: it was rotated here, perhaps without the answer.
    /// </summary>
    private bool IsRotated(OutboxShare share, ErrorCode code)
    {
        if (code != ErrorCode.CapabilityRevoked || usedToken.Length == 0) return false;
        deadTokens.Add(usedToken);
        return FindLiveToken(share.AppendCapId) is not null;
    }

    private ShareToken? FindLiveToken(string capId)
    {
        ShareToken?[] known = [context.Credentials.FindToken(capId), context.Credentials.FindNextToken(capId)];
        return known.FirstOrDefault(token => token is not null && !deadTokens.Contains(token.Digest));
    }

    /// <summary>
    /// Creations first: a share is never redeemed before its create is acknowledged. False when the share cannot come about.
    /// </summary>
    private async Task<bool> SendIntentsAsync(OutboxShare share, CancellationToken cancellationToken)
    {
        foreach (OutboxIntent intent in outbox.ListIntents(shareKey, IntentsAtOnce))
        {
            try
            {
                if (intent.Kind == OutboxIntent.CreateShare)
                {
                    await creator.CreateShareAsync(intent, cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    if (handle is null) await RedeemAsync(outbox.GetShare(shareKey), cancellationToken).ConfigureAwait(false);
                    await SendIntentAsync(intent).WaitAsync(cancellationToken).ConfigureAwait(false);
                }

                outbox.CompleteIntent(intent);
                HasSent = true;
            }
            catch (ShareRpcException error) when (
                !error.IsTransient && error.Code is not (ErrorCode.TooManyHandles or ErrorCode.MethodNotFound)
                && !LinkRedeemer.IsGrantsEnd(error) && error.Code != ErrorCode.PassphraseRequired
                    && !IsRotated(share, error.Code))
            {
                string code = ErrorCodes.NameOf(error.Code);
                context.Log.IntentFailed(intent.Kind, share.ShareId, code);
                if (intent.Kind == OutboxIntent.CreateShare)
                {
                    // Without its create a share has no use for its invitations either.
                    outbox.FailIntents(shareKey, code);
                    outbox.Close(shareKey, code, error.Hint);
                    return false;
                }

                outbox.FailIntent(intent, code);
            }
        }

        return true;
    }

    private Task SendIntentAsync(OutboxIntent intent)
    {
        IShareHandle target = handle!;
        return intent.Kind switch
        {
            OutboxIntent.Attenuate => RpcConnection.CallAsync(() => target.AttenuateAsync(Read<AttenuateRequest>(intent))),
            OutboxIntent.Revoke => RpcConnection.CallAsync(() => target.RevokeCapabilityAsync(Read<RevokeCapabilityRequest>(intent))),
            _ => throw new InvalidOperationException($"Unknown intent {intent.Kind}."),
        };
    }

    private static T Read<T>(OutboxIntent intent) => JsonSerializer.Deserialize<T>(intent.Request, ProtocolJson.Options)!;
}
