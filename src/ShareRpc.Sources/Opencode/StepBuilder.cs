using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.LeftOut;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// Groups ops into bounded steps, one transaction each. A placeholder takes the place of a document that cannot be
/// sent.
/// </summary>
internal sealed class StepBuilder(SecretFilter filter, LeftOutDocuments? leftOut = null)
{
    private const int StepOps = 500;
    private const int StepBytes = 4 * 1024 * 1024;

    private readonly LeftOutDocuments leftOut = leftOut ?? new LeftOutDocuments();
    private List<OpIntent> ops = [];
    private long bytes;

    /// <summary>Gets the number of documents that were not sent whole: size, depth, UTF-8 or key.</summary>
    public int Skipped { get; private set; }

    public bool IsEmpty => ops.Count == 0;

    /// <summary>Returns a step when full.</summary>
    public SyncStep? Add(OpIntent op, SyncPosition? position)
    {
        OpIntent? fitting = leftOut.Fit(op, filter);
        if (!ReferenceEquals(fitting, op)) Skipped++;
        if (fitting is null) return null;
        ops.Add(fitting);
        bytes += fitting.Data?.Utf8.Length ?? 0;
        return ops.Count >= StepOps || bytes >= StepBytes ? Take(position) : null;
    }

    public SyncStep? Take(SyncPosition? position)
    {
        if (ops.Count == 0) return null;
        var step = new SyncStep(ops, Atomic: false, position);
        ops = [];
        bytes = 0;
        return step;
    }

    /// <summary>Returns the fewest steps; the last has the position.</summary>
    public static IEnumerable<SyncStep> Atomic(IReadOnlyList<OpIntent> ops, SyncPosition? position)
    {
        OpIntent[][] batches = [.. ops.Chunk(ProtocolLimits.Default.BatchOps)];
        for (int i = 0; i < batches.Length; i++)
            yield return new SyncStep(batches[i], Atomic: true, i == batches.Length - 1 ? position : null);
    }
}

/// <summary>Ops to be enqueued in one go.</summary>
/// <param name="Ops">In order.</param>
/// <param name="Atomic">All or none; such a step is one batch on the wire.</param>
/// <param name="Position">Where the session has been read to once these are in the outbox; null in the middle of
/// reading rows.</param>
internal sealed record SyncStep(IReadOnlyList<OpIntent> Ops, bool Atomic, SyncPosition? Position);
