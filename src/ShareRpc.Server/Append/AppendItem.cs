using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Maintenance;

namespace ShareRpc.Server.Append;

internal sealed class AppendItem(
    Authority authority, string? writerId, PreparedBatch batch, ProtocolLimits limits, ServerLimits serverLimits,
    ReplayChain? chain,
    bool isSnapshot, BatchOrder? order, AuditBook audit, AckReceiver receiver)
    : CommitItem
{
    private Ack? ack;
    private bool isSettled;
    private bool isRefused;

    public override int Ops { get; } = Math.Max(1, batch.Batch.Ops.Count);

    public override int Bytes { get; } = 256 + batch.Batch.Ops.Sum(op => 256 + (op?.Data?.Utf8.Length ?? 0));

    public override IThreadPoolWorkItem? FollowUp => receiver.FollowUp;

    public override async ValueTask ExecuteAsync(CommitScope scope)
    {
        isRefused = false;
        chain?.Begin(batch.Batch);
        // not audited: the caller sees the error that ended the chain
        if (chain is { IsOver: true }) throw new ShareRpcException(ErrorCode.Overloaded);
        try
        {
            LogShare share = await scope.Shares.GetAsync(scope.Transaction, authority.Ref.ShareKey!.Value);
            ack = await new ApplyRules(scope, share, authority, writerId, limits, serverLimits, isSnapshot,
                order).ApplyAsync(batch);
            order?.Take(FirstSeq(batch.Batch));
        }
        catch (ShareRpcException error)
        {
            isRefused = true;
            chain?.Note(error.Code);
            order?.Refuse(FirstSeq(batch.Batch));
            throw;
        }
    }

    public override void Complete()
    {
        if (isSettled) return; // refused: the transaction stands, this item does not
        HashSet<string>? applied = ack!.Applied.Count == batch.Ops.Length
            ? null : [.. ack.Applied.Select(op => op.OpId)];
        long bytes = batch.Batch.Ops.Sum(op => applied?.Contains(op.OpId) == false ? 0L : op.Data?.Utf8.Length ?? 0);
        audit.NoteAppend(authority.Ref, ack.Applied.Count, bytes);
        isSettled = true;
        receiver.Take(ack);
    }

    public override void Fail(ShareRpcException error)
    {
        if (isSettled) return;
        isSettled = true;

        // A refusal was noted where it happened: a resend behind it may have been taken since.
        if (!isRefused) order?.Refuse(FirstSeq(batch.Batch));
        receiver.Refuse(error);
    }

    public static long? FirstSeq(OpBatch batch) => batch.Ops.Count > 0 ? batch.Ops[0]?.Seq : null;
}
