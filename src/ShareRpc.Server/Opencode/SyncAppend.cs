using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Append;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// Appends a sync in small batches, so that others can interleave. Retries when overloaded, since opencode sends
/// nothing twice.
/// </summary>
internal sealed class SyncAppend(
    ShareLog log, ServerOptions options, Authority authority, TimeProvider time, CancellationToken aborted)
{
    private const int BatchOps = 250;
    private readonly List<OpIntent> ops = [];
    private long bytes;

    public int Applied { get; private set; }

    public int Duplicates { get; private set; }

    public int Rejected { get; private set; }

    /// <summary>Returns the newest title of the session that was added; null if none was.</summary>
    public string? Title { get; private set; }

    public async Task AddAsync(OpIntent op)
    {
        int size = op.Data?.Utf8.Length ?? 0;
        int most = Math.Min(options.ServerLimits.HttpBatchBytes, options.Limits.BatchBytes);
        if (ops.Count >= Math.Min(BatchOps, options.Limits.BatchOps) || (ops.Count > 0 && bytes + size > most))
        {
            await FlushAsync().ConfigureAwait(false);
        }

        // Session first: it tells how new the rest is.
        int at = op.Kind == Kinds.Session ? ops.FindLastIndex(other => other.Kind == Kinds.Session) + 1 : ops.Count;
        ops.Insert(at, op);
        if (op.Kind == Kinds.Session) Title = ItemMapping.TitleOf(op.Data!.Value) ?? Title;
        bytes += size;
    }

    public async Task FlushAsync()
    {
        if (ops.Count == 0) return;
        Ack ack = await AppendAsync(new OpBatch { BatchId = OpId.New(), Ops = [.. ops] }).ConfigureAwait(false);
        Applied += ack.Applied.Count;
        Duplicates += ack.Duplicates.Count;
        Rejected += ack.Rejected.Count;
        ops.Clear();
        bytes = 0;
    }

    private async Task<Ack> AppendAsync(OpBatch batch)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await log.AppendSnapshotAsync(authority, batch).ConfigureAwait(false);
            }
            catch (ShareRpcException error) when (error.Code is ErrorCode.Overloaded or ErrorCode.StorageUnavailable)
            {
                if (time.GetElapsedTime(began) > options.ServerLimits.HttpAppendWait) throw;
                TimeSpan wait = error.RetryAfter ?? options.ServerLimits.OverloadedRetryAfter;
                await Task.Delay(wait, time, aborted).ConfigureAwait(false);
            }
        }
    }
}
