using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Maintenance;

namespace ShareRpc.Server.Append;

/// <summary>The way in: what wants to be written is queued here, at once and in order, and answered when the disk has it.</summary>
internal sealed class ShareLog(CommitQueue queue, ProtocolLimits limits, ServerLimits serverLimits, AuditBook audit)
{
    /// <summary>
    /// Queues a batch before it returns; the receiver is told after the fsync, or of a refusal of the whole batch. One that cannot even be
    /// queued is thrown.
    /// </summary>
    public void Append(Authority authority, string? writerId, OpBatch batch, BatchOrder? order, AckReceiver receiver) =>
        Append(authority, writerId, batch, chain: null, isSnapshot: false, order, receiver);

    /// <summary>
    /// Queues a batch before it returns, so that the calls of one connection keep their order; the task ends after the fsync. Throws, or
    /// ends with, a refusal of the whole batch. With a chain, batches after one that ends it are not tried; the order is that of the
    /// handle's batches.
    /// </summary>
    public Task<Ack> AppendAsync(
        Authority authority, string? writerId, OpBatch batch, ReplayChain? chain = null, BatchOrder? order = null) =>
        AppendAsync(authority, writerId, batch, chain, isSnapshot: false, order);

    /// <summary>
    /// Appends ops that the server itself made, with fresh ids, of whole states it was given, which may come late: a state that is behind
    /// its document (<see cref="ProgressGuard"/>) is a duplicate, and duplicates are not recorded, since nobody can ever send these ids
    /// again.
    /// </summary>
    public Task<Ack> AppendSnapshotAsync(Authority authority, OpBatch batch) =>
        AppendAsync(authority, writerId: null, batch, chain: null, isSnapshot: true, order: null);

    private Task<Ack> AppendAsync(
        Authority authority, string? writerId, OpBatch batch, ReplayChain? chain, bool isSnapshot, BatchOrder? order)
    {
        var ack = new AckTask();
        Append(authority, writerId, batch, chain, isSnapshot, order, ack);
        return ack.Completion;
    }

    private void Append(
        Authority authority, string? writerId, OpBatch batch, ReplayChain? chain, bool isSnapshot, BatchOrder? order,
        AckReceiver receiver)
    {
        if (batch.Ops is null) throw new ShareRpcException(ErrorCode.InvalidParams); // null counts as absent, and ops are required
        var prepared = new PreparedBatch(batch, writerId is not null, limits);
        var item = new AppendItem(
            authority, writerId, prepared, limits, serverLimits, chain, isSnapshot, order, audit, receiver);
        try
        {
            queue.Enqueue(item);
        }
        catch (ShareRpcException)
        {
            order?.Refuse(AppendItem.FirstSeq(batch));
            throw;
        }
    }
}
