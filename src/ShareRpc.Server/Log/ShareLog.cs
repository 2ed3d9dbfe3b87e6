using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Capabilities;

namespace ShareRpc.Server.Log;

/// <summary>The way in: what wants to be written is queued here, at once and in order, and answered when the disk has it.</summary>
internal sealed class ShareLog(CommitQueue queue, ProtocolLimits limits, ServerLimits serverLimits)
{
    /// <summary>
    /// Queues a batch before it returns, so that the calls of one connection keep their order; the task ends after the fsync. Throws, or ends
    /// with, a refusal of the whole batch.
    /// </summary>
    public Task<Ack> AppendAsync(Authority authority, string? writerId, OpBatch batch)
    {
        var item = new AppendItem(authority, writerId, batch, limits, serverLimits.TailOps);
        queue.Enqueue(item);
        return item.Completion;
    }

    /// <summary>Queues a mutation that is not an append.</summary>
    public Task<T> CommitAsync<T>(CommitWork<T> work)
    {
        queue.Enqueue(work);
        return work.Completion;
    }
}
