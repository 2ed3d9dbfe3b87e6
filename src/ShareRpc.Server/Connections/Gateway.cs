using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Append;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Connections;

/// <summary>What a fresh connection can call: the two redemptions.</summary>
internal sealed class Gateway(
    SessionState session, Redeemer redeemer, TicketBook tickets, IShareStore store, ShareReads reads, AuthorityRegistry registry,
    HandleFactory handles, ProtocolLimits limits)
    : IShareGateway
{
    public async Task<RedeemShareResult> RedeemShareAsync(RedeemShareRequest request, CancellationToken cancellationToken)
    {
        Check(request);
        session.CountHandle();
        Redemption redemption = request.Ticket is { } ticket
            ? redeemer.RedeemTicket(ticket, session.Address)
            : await redeemer
                .RedeemTokenAsync(request.Token, request.Passphrase, ofShare: true, session.Address, cancellationToken)
                .ConfigureAwait(false);
        session.Prove();
        if (redemption.Share is not { } share)
        {
            Forget(redemption.Authority);
            throw new ShareRpcException(ErrorCode.Forbidden);
        }

        ShareHandle handle = handles.OfShare(session, redemption.Authority, request.WriterId);
        try
        {
            return await AnswerAsync(request, redemption, share, handle.Feed, handle).ConfigureAwait(false);
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
        Redemption redemption = await redeemer
            .RedeemTokenAsync(request.Token, request.Passphrase, ofShare: false, session.Address, cancellationToken)
            .ConfigureAwait(false);
        Authority authority = redemption.Authority;
        session.Prove();
        if (redemption.Share is not null)
        {
            Forget(authority);
            throw new ShareRpcException(ErrorCode.Forbidden);
        }

        return new RedeemRootResult
        {
            Root = handles.OfRoot(session, authority), CapId = authority.Ref.CapId, Rights = authority.Ref.Rights.ToNames(),
            Caveats = authority.Caveats.ToWire(), Epoch = authority.Ref.Epoch, Limits = limits,
        };
    }

    private async Task<RedeemShareResult> AnswerAsync(
        RedeemShareRequest request, Redemption redemption, ShareRow share, ShareFeed feed, ShareHandle handle)
    {
        Authority authority = redemption.Authority;
        if (request.Read is not null) authority.Demand(Rights.Read); // before anything is applied
        IReadOnlyList<BatchOutcome>? acks = request.Append is { } batches ? await ReplayAsync(handle, batches).ConfigureAwait(false) : null;
        WriterState? writer = null;
        using (IReadSnapshot snapshot = store.BeginRead())
        {
            feed.Advance(snapshot.ReadHead(share.Key));
            if (snapshot.FindShare(share.Key)!.State == ShareState.Ended) feed.End();
            if (request.WriterId is { } writerId) writer = ReadWriter(snapshot, authority, writerId);
        }

        OpPage? page = request.Read is { } read ? ReadFirst(authority, feed, read, acks) : null;
        authority.Demand(Rights.None);
        return new RedeemShareResult
        {
            Share = handle, ShareId = share.ShareId, CapId = authority.Ref.CapId, Rights = authority.Ref.Rights.ToNames(),
            Caveats = authority.Caveats.ToWire(), Epoch = authority.Ref.Epoch, Cursor = feed.Head,
            Limits = limits,
            Ticket = tickets.Issue(authority.Ref.Key, authority.Ref.Epoch, redemption.TicketEnd), Writer = writer, Acks = acks,
            Page = page,
        };
    }

    /// <summary>
    /// Queues all batches in order, so that they share a transaction. What comes after the error that ends the chain is
    /// not reported.
    /// </summary>
    private static async Task<IReadOnlyList<BatchOutcome>> ReplayAsync(ShareHandle handle, IReadOnlyList<OpBatch> batches)
    {
        var chain = new ReplayChain(batches.Count > 0 ? batches[0] : null);
        List<(OpBatch Batch, Task<Ack> Ack)> calls = [.. batches.Select(batch => (batch, AppendAsync(handle, batch, chain)))];
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
    /// Beside large answers the page stays empty, so that the whole fits a frame ([REDEEM-5]); the client reads on.
    /// </summary>
    private OpPage ReadFirst(Authority authority, ShareFeed feed, ReadOpsRequest read, IReadOnlyList<BatchOutcome>? acks)
    {
        bool hasRoom = acks is null || acks.Sum(OutcomeSize.Of) <= limits.FrameBytes / 4;
        return hasRoom
            ? reads.ReadNow(authority, feed, read)
            : new OpPage { Ops = [], Cursor = read.After, Head = feed.Head, Ended = feed.Ended ? true : null };
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

    // Async, so that a refusal before the queue is an outcome too.
    private static async Task<Ack> AppendAsync(ShareHandle handle, OpBatch batch, ReplayChain chain) =>
        await handle.AppendAsync(batch, chain).ConfigureAwait(false);

    private static WriterState ReadWriter(IReadSnapshot snapshot, Authority authority, string writerId)
    {
        WriterRow? writer = snapshot.FindWriter(authority.Ref.ShareKey!.Value, writerId);
        if (writer is not null && writer.RefKey != authority.Ref.Key) throw new ShareRpcException(ErrorCode.WriterTaken);
        return new WriterState { AckedSeq = writer?.AckedSeq ?? 0 };
    }

    private void Check(RedeemShareRequest request)
    {
        bool hasOneSecret = request.Token is null != request.Ticket is null;
        bool isWriter = request.WriterId is null || RandomId.IsValid(request.WriterId);
        bool isAppend = request.Append is null
            || (request.Append.Count <= limits.RedeemBatches && request.Append.All(batch => batch is not null));
        if (request.Read is not null) ShareReads.Check(request.Read);
        if (!hasOneSecret || !isWriter || !isAppend) throw new ShareRpcException(ErrorCode.InvalidParams);
    }

    private void Forget(Authority authority)
    {
        registry.Remove(authority);
        authority.Dispose();
    }
}
