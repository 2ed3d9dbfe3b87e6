using System.Text.Unicode;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Opencode;

/// <summary>Groups ops into bounded steps, one transaction each.</summary>
internal sealed class StepBuilder
{
    private const int StepOps = 500;
    private const int StepBytes = 4 * 1024 * 1024;

    private List<OpIntent> ops = [];
    private long bytes;

    /// <summary>Gets the number of ops over a limit: size, depth, UTF-8 or key.</summary>
    public int Skipped { get; private set; }

    public bool IsEmpty => ops.Count == 0;

    /// <summary>Returns a step when full.</summary>
    public SyncStep? Add(OpIntent op, SyncPosition? position)
    {
        bool isText = op.Data is not { } data || Utf8.IsValid(data.Utf8.Span);
        if (!isText || OpRules.Check(op, ProtocolLimits.Default) is not null)
        {
            Skipped++;
            return null;
        }

        ops.Add(op);
        bytes += op.Data?.Utf8.Length ?? 0;
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
