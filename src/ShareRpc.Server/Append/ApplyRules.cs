using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Append;

/// <summary>
/// Applies protocol/apply-rules.md to a batch in the commit transaction. Batch refusals are thrown before any write.
/// </summary>
internal sealed class ApplyRules(
    CommitScope scope, LogShare share, Authority authority, string? writerId, ProtocolLimits limits,
    ServerLimits serverLimits, AppendFacts facts, bool isSnapshot = false, BatchOrder? order = null)
{
    private readonly IWriteTransaction transaction = scope.Transaction;

    public async ValueTask<Ack> ApplyAsync(PreparedBatch prepared)
    {
        OpBatch batch = prepared.Batch;
        authority.DemandAppend(writerId is not null);
        if (share.State == ShareState.Deleted) throw new ShareRpcException(ErrorCode.ShareDeleted);
        if (!prepared.HasShape) throw new ShareRpcException(ErrorCode.InvalidBatch);

        WriterRow? writer = writerId is null ? null : await share.FindWriterAsync(transaction, writerId);
        bool isTaken = writer is not null && writer.RefKey != authority.Ref.WriterRefKey;
        if (isTaken) throw new ShareRpcException(ErrorCode.WriterTaken);
        long watermark = writer?.AckedSeq ?? 0;
        if (batch.Ops[0].Seq <= watermark) return await AnswerResendAsync(prepared.Ops, writer!);

        // After the resend check: ops applied before the end keep their answer.
        if (share.State == ShareState.Ended)
            return AllKnown(prepared) ?? throw new ShareRpcException(ErrorCode.ShareEnded);
        if (writerId is not null
            && (batch.Ops[0].Seq != watermark + 1 || order?.IsBehindRefused(watermark + 1) == true))
        {
            throw new ShareRpcException(ErrorCode.SequenceGap) { AckedSeq = watermark };
        }

        if (prepared.Malformed is { } invalid) throw new ShareRpcException(invalid);
        if (batch.ExpectedCursor is { } expected && expected != share.Head)
        {
            return AllKnown(prepared) ?? throw new ShareRpcException(ErrorCode.CursorMismatch) { Head = share.Head };
        }

        if (share.TailCount >= serverLimits.TailOps)
        {
            throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = serverLimits.OverloadedRetryAfter };
        }

        UnappliedAllowance unapplied = await UnappliedAllowance.ReadAsync(scope, authority, serverLimits);
        AppendAllowance allowance = await AppendAllowance.ReadAsync(scope, authority);
        long? writerKey = writer?.Key;
        if (writerId is not null) writer ??= new WriterRow(0, writerId, authority.Ref.WriterRefKey, 0);
        var outcomes = new BatchOutcomes(scope, share, authority, allowance, writer, limits, facts, isSnapshot);
        long head = share.Head;
        await outcomes.ApplyEachAsync(prepared);
        if (batch.Atomic == true && outcomes.AnyRejected)
        {
            TakeBack(head);
            outcomes.AbortOthers();
        }

        try
        {
            await outcomes.RecordAsync(unapplied, writerKey);
        }
        catch (ShareRpcException)
        {
            TakeBack(head);
            throw;
        }

        await outcomes.RestateAsync();
        return outcomes.ToAck();
    }

    /// <summary>Answers a batch without a writer whose ops are all known, as a resend; else null.</summary>
    private Ack? AllKnown(PreparedBatch prepared) => writerId is null && prepared.Malformed is null
        ? BatchOutcomes.FindAllKnown(share, facts, prepared.Ops) : null;

    private void TakeBack(long head)
    {
        share.BackTo(head);
        scope.Shares.ForgetDocuments();
    }

    /// <summary>
    /// Answers each op from its (writer, seq) record, before checks that the first try may have used up. Another op id,
    /// or a batch across the watermark, means two copies of one outbox.
    /// </summary>
    private async ValueTask<Ack> AnswerResendAsync(PreparedOp[] ops, WriterRow writer)
    {
        IReadOnlyList<OpRecord> records = await transaction.ReadWriterRecordsAsync(writer.Key, ops[0].Op.Seq!.Value,
            ops.Length);
        var forked = new ShareRpcException(ErrorCode.WriterForked) { AckedSeq = writer.AckedSeq };
        if (records.Count != ops.Length) throw forked;
        var duplicates = new List<OpCursor>();
        var rejected = new List<Rejection>();
        for (int i = 0; i < records.Count; i++)
        {
            OpIntent op = ops[i].Op;
            OpRecord record = records[i];
            if (record.OpId != op.OpId) throw forked;
            ErrorCode? code = record.Digest.AsSpan().SequenceEqual(ops[i].Digest) ? record.Code : ErrorCode.OpIdReused;
            if (code is { } rejection) rejected.Add(BatchOutcomes.ToRejection(op.OpId, rejection));
            else duplicates.Add(new OpCursor(op.OpId, record.Cursor));
        }

        return new Ack { Cursor = share.Head, Applied = [], Duplicates = duplicates, Rejected = rejected };
    }
}
