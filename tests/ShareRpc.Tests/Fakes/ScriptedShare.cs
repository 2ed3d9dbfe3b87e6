using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Tests.Fakes;

/// <summary>
/// The log of one share, with the apply rules that a client meets: resend, fork, gap, duplicates. Callers hold the
/// server's gate.
/// </summary>
internal sealed class ScriptedShare(string shareId)
{
    private readonly Dictionary<string, List<string>> writers = [];
    private readonly Dictionary<string, Rejection> rejected = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string ShareId => shareId;

    public List<LoggedOp> Log { get; } = [];

    /// <summary>Op ids that are refused, and why.</summary>
    public Dictionary<string, ErrorCode> Poison { get; } = [];

    /// <summary>Ops up to here have lost their data.</summary>
    public long CompactedTo { get; set; }

    /// <summary>Of a restored server.</summary>
    public long? Generation { get; set; }

    public bool IsEnded { get; set; }

    /// <summary>Ends when something was appended, or ended.</summary>
    public Task Changed => changed.Task;

    public long WatermarkOf(string writerId) => writers.TryGetValue(writerId, out List<string>? seen) ? seen.Count : 0;

    /// <summary>What a writer's seqs stand for is forgotten, as by a server restored from a backup.</summary>
    public void ForgetWriters() => writers.Clear();

    public Ack Apply(string actor, string? writerId, OpBatch batch)
    {
        List<string> seen = writerId is null ? [] : writers.TryGetValue(writerId, out List<string>? known)
            ? known : writers[writerId] = [];
        long first = batch.Ops[0].Seq ?? 1;
        if (writerId is not null && first <= seen.Count) return AnswerResend(batch, seen);
        if (IsEnded) throw new ShareRpcException(ErrorCode.ShareEnded);
        if (writerId is not null && first > seen.Count + 1)
            throw new ShareRpcException(ErrorCode.SequenceGap) { AckedSeq = seen.Count };
        List<OpCursor> applied = [], duplicates = [];
        List<Rejection> refused = [];
        foreach (OpIntent op in batch.Ops)
        {
            seen.Add(op.OpId);
            if (Log.Find(logged => logged.OpId == op.OpId) is { } same)
                duplicates.Add(new OpCursor(op.OpId, same.Cursor));
            else if (Poison.TryGetValue(op.OpId, out ErrorCode code)) refused.Add(
                rejected[op.OpId] = new Rejection(op.OpId, ErrorCodes.NameOf(code), "refused"));
            else applied.Add(new OpCursor(op.OpId, Add(actor, writerId, op)));
        }

        Wake();
        return new Ack { Cursor = Log.Count, Applied = applied, Duplicates = duplicates, Rejected = refused };
    }

    /// <summary>An op of somebody else.</summary>
    public long Add(string actor, string? writerId, OpIntent op)
    {
        Log.Add(new LoggedOp
        {
            Cursor = Log.Count + 1, OpId = op.OpId, Verb = op.Verb, Kind = op.Kind, Key = op.Key, Data = op.Data,
            WriterId = writerId,
            Seq = op.Seq,
            Actor = actor, TimeMs = 0, SchemaVersion = 1,
        });
        return Log.Count;
    }

    public void Wake()
    {
        TaskCompletionSource ended = changed;
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ended.SetResult();
    }

    private Ack AnswerResend(OpBatch batch, List<string> seen)
    {
        List<OpCursor> duplicates = [];
        List<Rejection> refused = [];
        foreach (OpIntent op in batch.Ops)
        {
            if (op.Seq > seen.Count || seen[(int)op.Seq! - 1] != op.OpId)
            {
                throw new ShareRpcException(ErrorCode.WriterForked) { AckedSeq = seen.Count };
            }
            if (rejected.TryGetValue(op.OpId, out Rejection? rejection)) refused.Add(rejection);
            else duplicates.Add(new OpCursor(op.OpId, Log.Find(logged => logged.OpId == op.OpId)!.Cursor));
        }

        return new Ack { Cursor = Log.Count, Applied = [], Duplicates = duplicates, Rejected = refused };
    }
}
