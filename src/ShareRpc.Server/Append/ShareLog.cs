using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Diagnostics;
using ShareRpc.Server.Maintenance;

namespace ShareRpc.Server.Append;

internal sealed class ShareLog(
    CommitQueue queue, ProtocolLimits limits, ServerLimits serverLimits, AuditBook audit, SpaceWatch space,
    ServerMetrics metrics, CommentRate comments, RedemptionLimits guard, DrainSignal drain)
{
    private readonly CancellationToken draining = drain.Token;

    /// <summary>
    /// Queues a batch before it returns; throws if it cannot. The receiver gets the result or refusal.
    /// </summary>
    public void Append(Authority authority, string? writerId, OpBatch batch, BatchOrder? order, AckReceiver receiver) =>
        Append(authority, writerId, batch, chain: null, isSnapshot: false, order, receiver);

    /// <summary>Gets whether a batch may be deferred, to be committed by the thread that brought it.</summary>
    public bool CanDefer => queue.CommitHere is not null;

    /// <summary>Has deferred batches committed: here, which takes an fsync, unless others commit; or soon.</summary>
    public void Commit(bool here)
    {
        if (here) queue.CommitHere!();
        else queue.Wake();
    }

    /// <summary>
    /// Queues a batch before it returns, which keeps the call order. Completes after the fsync; a refused batch throws.
    /// </summary>
    public Task<Ack> AppendAsync(
        Authority authority, string? writerId, OpBatch batch, ReplayChain? chain = null, BatchOrder? order = null) =>
        AppendAsync(authority, writerId, batch, chain, isSnapshot: false, order);

    /// <summary>
    /// Appends server-made whole states that may be late: those behind their document (<see cref="ProgressGuard"/>) are
    /// duplicates, not recorded because the ids are never resent.
    /// </summary>
    public Task<Ack> AppendSnapshotAsync(Authority authority, OpBatch batch) =>
        AppendAsync(authority, writerId: null, batch, chain: null, isSnapshot: true, order: null);

    /// <summary>Delays the answer of a batch beyond the bound of rejections, so that it costs others nothing.</summary>
    public Task HoldUpAsync() => guard.HoldUpAsync(draining);

    private async Task<Ack> AppendAsync(
        Authority authority, string? writerId, OpBatch batch, ReplayChain? chain, bool isSnapshot, BatchOrder? order)
    {
        var ack = new AckTask();
        Append(authority, writerId, batch, chain, isSnapshot, order, ack);
        try
        {
            return await ack.Completion.ConfigureAwait(false);
        }
        catch (ShareRpcException error) when (error.Code == ErrorCode.RejectionsExceeded)
        {
            await HoldUpAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void Append(
        Authority authority, string? writerId, OpBatch batch, ReplayChain? chain, bool isSnapshot, BatchOrder? order,
        AckReceiver receiver)
    {
        // Null counts as absent, and ops are required.
        if (batch.Ops is null) throw new ShareRpcException(ErrorCode.InvalidParams);
        var prepared = new PreparedBatch(batch, writerId is not null, limits, isSnapshot);
        var item = new AppendItem(
            authority, writerId, prepared, limits, serverLimits, chain, isSnapshot, order, audit, metrics,
            receiver);
        try
        {
            comments.Take(authority, prepared.Comments);
            space.Demand();
            queue.Enqueue(item);
        }
        catch (ShareRpcException)
        {
            order?.Refuse(AppendItem.FirstSeq(batch));
            throw;
        }
    }
}
