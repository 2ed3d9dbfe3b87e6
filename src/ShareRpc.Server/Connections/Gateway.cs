using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Append;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Connections;

internal sealed class Gateway(
    SessionState session, WrongTokens wrongTokens, Redeemer redeemer, ShareReads reads, Broadcaster broadcaster,
    HandleFactory handles, ProtocolLimits limits)
    : IShareGateway
{
    public async Task<RedeemShareResult> RedeemShareAsync(RedeemShareRequest request,
        CancellationToken cancellationToken)
    {
        Check(request);
        session.CountHandle();
        FoundRef found = await wrongTokens.FindAsync(request.Token, cancellationToken).ConfigureAwait(false);
        var terms = new RedemptionTerms(OfShare: true, request.Passphrase, request.Grant, session.Address);
        using var opening = new ShareOpening(broadcaster, request.WriterId);
        Redemption redemption =
            await redeemer.RedeemAsync(found, terms, opening, cancellationToken).ConfigureAwait(false);
        session.Prove();
        ShareHandle handle = handles.OfShare(session, redemption.Authority, opening.TakeFeed(), request.WriterId);
        try
        {
            return await AnswerAsync(request, redemption, opening.Writer, handle).ConfigureAwait(false);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public async Task<RedeemRootResult> RedeemRootAsync(RedeemRootRequest request, CancellationToken cancellationToken)
    {
        session.CountHandle();
        FoundRef found = await wrongTokens.FindAsync(request.Token, cancellationToken).ConfigureAwait(false);
        var terms = new RedemptionTerms(OfShare: false, request.Passphrase, Address: session.Address);
        Redemption redemption =
            await redeemer.RedeemAsync(found, terms, reader: null, cancellationToken).ConfigureAwait(false);
        Authority authority = redemption.Authority;
        session.Prove();
        return new RedeemRootResult
        {
            Root = handles.OfRoot(session, authority), CapId = authority.Ref.CapId,
            Rights = authority.Ref.Rights.ToNames(),
            Caveats = authority.Caveats.ToWire(), Epoch = authority.Ref.Epoch, Limits = limits,
            Features = ProtocolFeatures.Of<IRootHandle>(),
        };
    }

    public Task GiveCreditAsync(CreditRequest request)
    {
        session.Subscriptions!.GiveCredit(request);
        return Task.CompletedTask;
    }

    private async Task<RedeemShareResult> AnswerAsync(
        RedeemShareRequest request, Redemption redemption, WriterState? writer, ShareHandle handle)
    {
        Authority authority = redemption.Authority;
        if (request.Read is not null) authority.Demand(Rights.Read); // before anything is applied
        IReadOnlyList<BatchOutcome>? acks =
            request.Append is { } batches ? await ReplayAsync(handle, batches).ConfigureAwait(false) : null;
        OpPage? page = request.Read is { } read ? await ReadFirstAsync(authority, handle.Feed, read, acks) : null;
        authority.Demand(Rights.None);
        return new RedeemShareResult
        {
            Share = handle, ShareId = redemption.Share!.ShareId, CapId = authority.Ref.CapId,
            Rights = authority.Ref.Rights.ToNames(), Caveats = authority.Caveats.ToWire(), Epoch = authority.Ref.Epoch,
            Cursor = handle.Feed.Head, Limits = limits, Features = ProtocolFeatures.Of<IShareHandle>(),
            Grant = Redeemer.InfoOf(authority.Ref),
            Writer = writer is null ? null : AckedBy(writer, request.Append, acks), Acks = acks, Page = page,
            KeptUntilMs = await reads.KeptUntilAsync(handle.Feed, redemption.Share).ConfigureAwait(false),
            Generation = reads.Generation,
        };
    }

    /// <summary>Returns the watermark after the batches; acked ones were consumed.</summary>
    private static WriterState AckedBy(
        WriterState before, IReadOnlyList<OpBatch>? batches, IReadOnlyList<BatchOutcome>? acks)
    {
        long acked = before.AckedSeq;
        for (int i = 0; i < acks?.Count; i++)
        {
            if (acks[i].Ack is not null) acked = Math.Max(acked, batches![i].Ops[^1].Seq ?? 0);
        }

        return new WriterState { AckedSeq = acked };
    }

    /// <summary>
    /// Queues all batches in order, so that they share a transaction. Omits outcomes after the error that ends the
    /// chain.
    /// </summary>
    private static async Task<IReadOnlyList<BatchOutcome>> ReplayAsync(ShareHandle handle,
        IReadOnlyList<OpBatch> batches)
    {
        var chain = new ReplayChain(batches.Count > 0 ? batches[0] : null);
        List<(OpBatch Batch, Task<Ack> Ack)> calls =
            [.. batches.Select(batch => (batch, AppendAsync(handle, batch, chain)))];
        var outcomes = new List<BatchOutcome>();
        bool isOver = false;
        foreach ((OpBatch batch, Task<Ack> ack) in calls)
        {
            BatchOutcome outcome = await OutcomeAsync(batch, ack).ConfigureAwait(false);
            if (!isOver) outcomes.Add(outcome);
            isOver |= outcome.Error is { } error && ReplayChain.Ends(error.ToException().Code);
        }

        return outcomes;
    }

    /// <summary>
    /// Leaves the page empty beside large answers, so that the reply fits a frame ([REDEEM-5]); the client reads on.
    /// </summary>
    private async ValueTask<OpPage> ReadFirstAsync(Authority authority, ShareFeed feed, ReadOpsRequest read,
        IReadOnlyList<BatchOutcome>? acks)
    {
        bool hasRoom = acks is null || acks.Sum(OutcomeSize.Of) <= limits.FrameBytes / 4;
        return hasRoom
            ? await reads.ReadNowAsync(authority, feed, read)
            : new OpPage
            {
                Ops = [], Cursor = read.After, Head = feed.Head, Ended = feed.Ended ? true : null,
                Generation = reads.Generation,
            };
    }

    private static async Task<BatchOutcome> OutcomeAsync(OpBatch batch, Task<Ack> ack)
    {
        try
        {
            return new BatchOutcome { BatchId = batch.BatchId, Ack = await ack.ConfigureAwait(false) };
        }
        catch (ShareRpcException error)
        {
            return new BatchOutcome { BatchId = batch.BatchId, Error = ErrorData.From(error) };
        }
    }

    // Async, so that early refusals are outcomes too.
    private static async Task<Ack> AppendAsync(ShareHandle handle, OpBatch batch, ReplayChain chain) =>
        await handle.AppendAsync(batch, chain).ConfigureAwait(false);

    private void Check(RedeemShareRequest request)
    {
        bool isWriter = request.WriterId is null || RandomId.IsValid(request.WriterId);
        bool isAppend = request.Append is null
            || (request.Append.Count <= limits.RedeemBatches && request.Append.All(batch => batch is not null));
        if (request.Read is not null) ShareReads.Check(request.Read);
        if (request.Grant is { } grant) RefRequest.CheckIds(grant.CapId, grant.TokenDigest, label: null);
        if (request.Token is null || !isWriter || !isAppend) throw new ShareRpcException(ErrorCode.InvalidParams);
    }
}
