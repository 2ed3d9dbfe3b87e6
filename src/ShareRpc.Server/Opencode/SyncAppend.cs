using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Append;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// Appends a sync in small batches, so that others can interleave.
/// </summary>
internal sealed class SyncAppend(
    ShareLog log, SyncReverts reverts, ServerOptions options, Authority authority, SyncRetry retry)
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
        op = Fit(op);
        OpIntent marked = await reverts.MarkAsync(op).ConfigureAwait(false);
        if (marked != op) op = Fit(marked); // the mark has a size
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

    private async Task FlushAsync()
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

    /// <summary>Appends what is left, and the marks that a changed session asks for.</summary>
    public async Task FinishAsync()
    {
        await FlushAsync().ConfigureAwait(false);
        await reverts.FollowAsync(AppendAsync).ConfigureAwait(false);
    }

    private OpIntent Fit(OpIntent op)
    {
        if (OmittedDocument.Fit(op, options.Limits) is not var (fitting, reason) || reason is null) return op;
        Note(op, reason);
        return fitting;
    }

    private void Note(OpIntent op, string reason)
    {
        if (leftOut.Count < MostListed)
            leftOut.Add(new LeftOutItem(op.Kind, op.Key, op.Data?.Utf8.Length ?? 0, reason));
    }

    private Task<Ack> AppendAsync(OpBatch batch) => retry.RunAsync(() => log.AppendSnapshotAsync(authority, batch));
}

/// <summary>An item of a sync that was not stored as it came.</summary>
/// <param name="Kind">The kind of its document.</param>
/// <param name="Key">The key of its document.</param>
/// <param name="Size">The bytes of its data.</param>
/// <param name="Reason">The code of the rejection, or why a placeholder was stored in its place.</param>
internal sealed record LeftOutItem(string Kind, string Key, int Size, string Reason);
