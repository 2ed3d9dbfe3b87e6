using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Audit;
using ShareRpc.Server.Capabilities;

namespace ShareRpc.Server.Log;

/// <summary>A batch on its way into the log.</summary>
internal sealed class AppendItem(
    Authority authority, string? writerId, PreparedBatch batch, ProtocolLimits limits, int maxTail, ReplayChain? chain,
    bool isSnapshot, BatchOrder? order, AuditBook audit)
    : CommitWork<Ack>(scope => Apply(scope, authority, writerId, batch, limits, maxTail, chain, isSnapshot, order))
{
    public override int Ops { get; } = Math.Max(1, batch.Batch.Ops.Count);

    public override int Bytes { get; } = 256 + batch.Batch.Ops.Sum(op => 256 + (op?.Data?.Utf8.Length ?? 0));

    protected override void OnDurable(Ack value)
    {
        HashSet<string>? applied = value.Applied.Count == batch.Ops.Length ? null : [.. value.Applied.Select(op => op.OpId)];
        long bytes = batch.Batch.Ops.Sum(op => applied?.Contains(op.OpId) == false ? 0L : op.Data?.Utf8.Length ?? 0);
        audit.NoteAppend(authority.Ref, value.Applied.Count, bytes);
    }

    public override void Fail(ShareRpcException error)
    {
        order?.Refuse(FirstSeq(batch.Batch));
        base.Fail(error);
    }

    /// <summary>Null for a batch without seqs, or without ops.</summary>
    public static long? FirstSeq(OpBatch batch) => batch.Ops.Count > 0 ? batch.Ops[0]?.Seq : null;

    private static Ack Apply(
        CommitScope scope, Authority authority, string? writerId, PreparedBatch batch, ProtocolLimits limits, int maxTail,
        ReplayChain? chain, bool isSnapshot, BatchOrder? order)
    {
        chain?.Begin(batch.Batch);
        // not reported: the caller sees the error before it
        if (chain is { IsOver: true }) throw new ShareRpcException(ErrorCode.Overloaded);
        try
        {
            LogShare share = scope.Shares.Get(scope.Transaction, authority.Ref.ShareKey!.Value);
            Ack ack = new ApplyRules(scope, share, authority, writerId, limits, maxTail, isSnapshot, order).Apply(batch);
            order?.Take(FirstSeq(batch.Batch));
            return ack;
        }
        catch (ShareRpcException error)
        {
            chain?.Note(error.Code);
            order?.Refuse(FirstSeq(batch.Batch));
            throw;
        }
    }
}
