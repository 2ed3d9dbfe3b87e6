using System.Text.Json;
using ShareRpc.Client.Connection;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Diagnostics;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>Durable state is in the outbox.</summary>
internal sealed class ShareLane(
    long shareKey, RpcConnection connection, CreatorSession creator, LaneTokens tokens, SenderContext context,
    ServerBounds bounds)
{
    /// <summary>What else a redemption may hold: token, passphrase, grant, names.</summary>
    private const int RedemptionBytes = 16 * 1024;

    private readonly Backoff backoff = new(context.Options.FirstRetry, context.Options.MaxRetry);
    private readonly Queue<Sent> window = new();
    private readonly OutboxFile outbox = context.Outbox;
    private readonly HashSet<string> streamingTurns = new(StringComparer.Ordinal);
    private readonly LaneIntents intents = new(creator, context, tokens);
    private int gaps;
    private bool wasHandleLost;
    private IShareHandle? handle;
    private long sentSeq;
    private volatile bool isRoomWanted;

    public bool HasSent { get; private set; }

    /// <summary>Gets whether the connection is unusable, even if open.</summary>
    public bool NeedsConnection { get; private set; }

    /// <summary>Valid after the lane ended. A close during a redemption tells nothing about its batches.</summary>
    public IEnumerable<SentFrame> FramesInFlight => handle is null ? []
        : window.GroupBy(sent => sent.Frame).Select(frame =>
            new SentFrame(shareKey, [.. frame.Select(sent => sent.Batch)]));

    /// <summary>Asks the lane to end after pending acks.</summary>
    public void MakeRoom() => isRoomWanted = true;

    /// <summary>Completes without error on disconnect.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            do
            {
                await SendAllAsync(cancellationToken).ConfigureAwait(false);
            }
            while (await WaitForWorkAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping or disconnected.
        }
        catch (DisconnectedException)
        {
            NeedsConnection = true;
        }
        finally
        {
            handle?.Dispose();
        }
    }

    private async Task SendAllAsync(CancellationToken cancellationToken)
    {
        bool isFirstRound = true;
        while (outbox.HasWork(shareKey) && (isFirstRound || !isRoomWanted))
        {
            isFirstRound = false;
            cancellationToken.ThrowIfCancellationRequested();
            OutboxShare share = outbox.GetShare(shareKey);
            try
            {
                if (!await intents
                    .SendAsync(share, () => RedeemedAsync(cancellationToken), () => HasSent = true,
                        cancellationToken).ConfigureAwait(false) || share.ClosedCode is not null) return;
                if (outbox.Queue.FirstUnacked(shareKey, 0) is null) continue;
                await RedeemedAsync(cancellationToken).ConfigureAwait(false);
                await PumpAsync(cancellationToken).ConfigureAwait(false);
                sentSeq = 0; // everything sent was answered: what is still here is to be sent
                backoff.Reset();
            }
            catch (ShareRpcException error)
            {
                await ReactAsync(share, error, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<IShareHandle> RedeemedAsync(CancellationToken cancellationToken)
    {
        if (handle is null) await RedeemAsync(outbox.GetShare(shareKey), cancellationToken).ConfigureAwait(false);
        return handle!;
    }

    /// <summary>Stops for intents, so that revocations are not delayed.</summary>
    private async Task PumpAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            using IDisposable? alone = bounds.OneFrameAtATime
                ? await bounds.EnterAloneAsync(cancellationToken).ConfigureAwait(false)
                : null;
            int most = alone is null ? context.Options.BatchesInFlight : 1;
            List<(OpBatch Batch, Ack Ack)> acked = await AckedAsync().ConfigureAwait(false);
            int room = MustPause ? 0 : Math.Max(0, most - window.Count + acked.Count);
            if (acked.Count > 0 || (room > 0 && outbox.Queue.FirstUnacked(shareKey, sentSeq) is not null))
            {
                await StepAsync(acked, room, cancellationToken).ConfigureAwait(false);
            }

            if (!window.TryPeek(out Sent? oldest)) return;
            await oldest.Ack.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Stops at the first missing or failed ack.</summary>
    private async Task<List<(OpBatch Batch, Ack Ack)>> AckedAsync()
    {
        var acked = new List<(OpBatch, Ack)>();
        foreach (Sent sent in window.TakeWhile(sent => sent.Ack.IsCompletedSuccessfully))
        {
            acked.Add((sent.Batch, await sent.Ack.ConfigureAwait(false)));
        }

        return acked;
    }

    private async Task StepAsync(List<(OpBatch Batch, Ack Ack)> acked, int room, CancellationToken cancellationToken)
    {
        if (acked.Count > 0) FaultPoint.Pass("client.before_ack_persisted");
        OutboxQueue.Step step = await outbox
            .Queue.StepAsync(shareKey, acked, WaitTimesNow, room, sentSeq, bounds.Limits,
                cancellationToken).ConfigureAwait(false);
        foreach ((OpBatch batch, Ack ack) in acked)
        {
            window.Dequeue();
            NoteTurns(batch, ack);
            HasSent |= step.NamesAll;
        }

        if (!step.NamesAll) throw new DisconnectedException(null); // an ack that names not every op is no ack
        // A server that asks to wait now and then, and takes the rest, has not failed for long.
        if (acked.Count > 0) backoff.Reset();
        foreach (OpBatch batch in step.Taken)
        {
            IShareHandle target = handle!;
            Task<Ack> call = context.Traces.SendAsync(
                [batch], () => RpcConnection.CallAsync(() => target.AppendOpsAsync(batch)));
            window.Enqueue(new Sent(batch, call, call));
            sentSeq = batch.Ops[^1].Seq!.Value;
            FaultPoint.Pass("client.after_send");
        }
    }

    private bool MustPause => (isRoomWanted && sentSeq > 0) || outbox.Intents.HasAny(shareKey);

    private void Settle(OpBatch batch, Ack ack)
    {
        FaultPoint.Pass("client.before_ack_persisted");
        if (!outbox.Queue.Settle(shareKey, batch, ack, WaitTimesNow)) throw new DisconnectedException(null);
        NoteTurns(batch, ack);
        HasSent = true;
    }

    private WaitTimes WaitTimesNow => new(
        context.Time.GetUtcNow().ToUnixTimeMilliseconds(), (long)context.Options.DependencyRetry.TotalMilliseconds,
        (long)context.Options.DependencyPatience.TotalMilliseconds);

    /// <summary>The server ends turns of writers without handle.</summary>
    private void NoteTurns(OpBatch batch, Ack ack)
    {
        if (!batch.Ops.Any(op => op.Kind == Kinds.Turn)) return;
        HashSet<string> rejected = [.. ack.Rejected.Select(op => op.OpId)];
        foreach (OpIntent op in batch.Ops.Where(op => op.Kind == Kinds.Turn && !rejected.Contains(op.OpId)))
        {
            using JsonDocument? data = op.Data?.ToDocument();
            if (data is not null && !TurnStates.IsFinal(TurnStates.Of(data.RootElement))) streamingTurns.Add(op.Key);
            else streamingTurns.Remove(op.Key);
        }
    }

    /// <summary>One round trip, with unacked batches as first grouped, or one new batch, if they fit.</summary>
    private async Task RedeemAsync(OutboxShare share, CancellationToken cancellationToken)
    {
        ShareToken token = tokens.Take(share);
        using IDisposable? alone = bounds.OneFrameAtATime
            ? await bounds.EnterAloneAsync(cancellationToken).ConfigureAwait(false) : null;
        List<OpBatch> replay = CollectReplay();
        var request = new RedeemShareRequest
        {
            Token = token.Reveal(), WriterId = share.WriterId, Append = replay.Count > 0 ? replay : null,
        };
        Task<RedeemShareResult> call = share.ViewerCapId is null
            ? context.LinkOf(new ShareLink(context.Options.Server, share.ShareId, token))
                .RedeemAsync(request, SendAsync)
            : SendAsync(request); // what this machine made is neither counted nor locked
        foreach (OpBatch batch in replay) window.Enqueue(new Sent(batch, Outcome(call, batch), call));
        FaultPoint.Pass("client.after_send");
        try
        {
            RedeemShareResult result = await call.WaitAsync(cancellationToken).ConfigureAwait(false);
            handle = result.Share;
            bounds.Limits = result.Limits;
            context.NoteMissing(share, result.Writer?.AckedSeq ?? long.MaxValue, result.Cursor);
        }
        catch (ShareRpcException)
        {
            // No batch was tried.
            window.Clear();
            throw;
        }

        Task<RedeemShareResult> SendAsync(RedeemShareRequest sent) =>
            context.Traces.SendAsync(replay, () => RpcConnection.CallAsync(
                () => connection.Gateway.RedeemShareAsync(sent, CancellationToken.None)));
    }

    /// <summary>
    /// Returns none when they do not fit the message that a server takes before a redemption ([WS-3]), or when a
    /// refused message is being looked for; then they go by <c>appendOps</c>.
    /// </summary>
    private List<OpBatch> CollectReplay()
    {
        var replay = new List<OpBatch>();
        long left = ProtocolLimits.UnprovenBytes - RedemptionBytes;
        sentSeq = 0;
        ProtocolLimits limits = bounds.Limits;
        while (replay.Count < limits.RedeemBatches && outbox.Queue.FirstUnacked(shareKey, sentSeq) is { } first
            && (first.WasSent || replay.Count == 0))
        {
            OpBatch batch = outbox.Queue.TakeBatch(shareKey, sentSeq, limits)!;
            long data = batch.Ops.Sum(op => (long)(op.Data?.Utf8.Length ?? 0));
            left -= data > left ? data : JsonSerializer.SerializeToUtf8Bytes(batch, ProtocolJson.Options).Length;
            if (left < 0 || bounds.OneFrameAtATime)
            {
                sentSeq = 0;
                return [];
            }

            replay.Add(batch);
            sentSeq = batch.Ops[^1].Seq!.Value;
        }

        return replay;
    }

    /// <summary>Fails transiently if not tried.</summary>
    private static async Task<Ack> Outcome(Task<RedeemShareResult> redemption, OpBatch batch)
    {
        RedeemShareResult result = await redemption.ConfigureAwait(false);
        BatchOutcome? outcome = result.Acks?.FirstOrDefault(entry => entry.BatchId == batch.BatchId);
        return outcome?.Ack ?? throw outcome?.Error?.ToException() ?? new ShareRpcException(ErrorCode.Internal);
    }

    /// <summary>See protocol/client-guide.md.</summary>
    private async Task ReactAsync(OutboxShare share, ShareRpcException error, CancellationToken cancellationToken)
    {
        OpBatch? refused = window.TryDequeue(out Sent? first) ? first.Batch : null;
        await SettleRestAsync(cancellationToken).ConfigureAwait(false);
        string code = ErrorCodes.NameOf(error.Code);
        bool isRotated = LinkRedeemer.IsGrantsEnd(error) || tokens.IsRotated(share, error.Code);
        if (isRotated
            || error.Code == ErrorCode.CapabilitySuspended) DropHandle(); // it is dead: only redeeming gives another
        if (isRotated)
        {
            context.Log.Waiting(share.ShareId, 0, code);
        }
        else if (error.IsTransient || tokens.IsNotThereYet(share, error.Code) || tokens.IsLocked(share, error.Code))
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
            // If missing ops are gone, only a new writer can continue.
            bool isHere = outbox.Queue.FirstUnacked(shareKey, 0)?.Seq == error.AckedSeq + 1;
            if (!isHere || ++gaps > 2) StartNewWriter(share, code);
        }
        else if (ErrorCodes.IsAuthority(error.Code))
        {
            if (error.Code == ErrorCode.InvalidToken) context.NoteMissing(share, ackedSeq: 0, head: 0);
            context.Log.ShareClosed(share.ShareId, code);

            // What was applied before the end has been answered by now: it comes first (APPLY-7).
            outbox.Queue.Close(shareKey, code, error.Hint, isOutcomeKnown: error.Code == ErrorCode.ShareEnded);
            if (handle is null) outbox.Intents.FailAll(shareKey, code); // nothing can be asked of it either
        }
        else if (refused is not null)
        {
            context.Log.BatchRefused(refused.Ops.Count, share.ShareId, code);
            outbox.Queue.SplitOrPark(shareKey, refused, code, error.Hint);
            if (outbox.GetShare(shareKey).WriterId != share.WriterId) DropHandle();
        }
        else
        {
            // Unknown error.
            await BackOffAsync(share, error, cancellationToken).ConfigureAwait(false);
        }

        sentSeq = 0;
    }

    /// <summary>Unacked batches stay in flight.</summary>
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
                // Sent again.
            }
        }
    }

    private void StartNewWriter(OutboxShare share, string code)
    {
        context.Log.NewWriter(share.ShareId, code);
        outbox.Queue.StartNewWriter(shareKey);
        gaps = 0;
        DropHandle();
    }

    private void DropHandle()
    {
        handle?.Dispose();
        handle = null;
    }

    /// <summary>A new intent ends the wait.</summary>
    private async Task BackOffAsync(OutboxShare share, ShareRpcException error, CancellationToken cancellationToken)
    {
        TimeSpan wait = backoff.Next(error.RetryAfter);
        context.Log.Waiting(share.ShareId, (long)wait.TotalMilliseconds, ErrorCodes.NameOf(error.Code));
        long newest = outbox.Intents.FindNewest(shareKey);
        using var woken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task delay = Task.Delay(wait, context.Time, woken.Token);
        while (!delay.IsCompleted)
        {
            Task changed = outbox.Changed;
            if (outbox.Intents.FindNewest(shareKey) > newest) break;
            await Task.WhenAny(delay, changed).ConfigureAwait(false);
        }

        await woken.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task<bool> WaitForWorkAsync(CancellationToken cancellationToken)
    {
        long idleSince = context.Time.GetTimestamp();
        while (!isRoomWanted
            && (streamingTurns.Count > 0 || context.Time.GetElapsedTime(idleSince) < context.Options.IdleTime))
        {
            Task changed = outbox.Changed;
            if (outbox.GetShare(shareKey).ClosedCode is not null) return false;
            if (outbox.HasWork(shareKey)) return true;
            try
            {
                await changed.WaitAsync(context.Options.PollInterval, context.Time,
                    cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Another process may have written.
            }
        }

        return false;
    }

    /// <summary>Batches of a redemption share <c>Frame</c>.</summary>
    private sealed record Sent(OpBatch Batch, Task<Ack> Ack, Task Frame);
}
