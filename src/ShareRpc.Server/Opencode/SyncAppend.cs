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
    private const int MostListed = 100;
    private readonly List<OpIntent> ops = [];
    private readonly List<LeftOutItem> leftOut = [];
    private long bytes;

    public int Applied { get; private set; }

    public int Duplicates { get; private set; }

    public int Rejected { get; private set; }

    /// <summary>Gets the first 100 items that were rejected, or in whose place a placeholder was stored.</summary>
    public IReadOnlyList<LeftOutItem> LeftOut => leftOut;

    /// <summary>Returns the newest title of the session that was added; null if none was.</summary>
    public string? Title { get; private set; }

    public async Task AddAsync(OpIntent op)
    {
        if (OmittedDocument.Fit(op, options.Limits) is var (fitting, reason) && reason is not null)
        {
            Note(op, reason);
            op = fitting;
        }

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
        foreach (Rejection rejected in ack.Rejected)
        {
            if (ops.Find(op => op.OpId == rejected.OpId) is { } op) Note(op, rejected.Code);
        }

        ops.Clear();
        bytes = 0;
    }

    private void Note(OpIntent op, string reason)
    {
        if (leftOut.Count < MostListed)
            leftOut.Add(new LeftOutItem(op.Kind, op.Key, op.Data?.Utf8.Length ?? 0, reason));
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

/// <summary>An item of a sync that was not stored as it came.</summary>
/// <param name="Kind">The kind of its document.</param>
/// <param name="Key">The key of its document.</param>
/// <param name="Size">The bytes of its data.</param>
/// <param name="Reason">The code of the rejection, or why a placeholder was stored in its place.</param>
internal sealed record LeftOutItem(string Kind, string Key, int Size, string Reason);
