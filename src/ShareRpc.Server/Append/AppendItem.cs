using System.Diagnostics;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Diagnostics;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Append;

internal sealed class AppendItem(
    Authority authority, string? writerId, PreparedBatch batch, ProtocolLimits limits, ServerLimits serverLimits,
    ReplayChain? chain,
    bool isSnapshot, BatchOrder? order, AuditBook audit, ServerMetrics metrics, AckReceiver receiver)
    : CommitItem
{
    private readonly long begun = metrics.BeginAppend();
    private readonly Activity? span = ServerTracing.BeginCommit();
    private AppendFacts facts = AppendFacts.None;
    private Ack? ack;
    private bool isSettled;
    private bool isRefused;

    public override long? ShareKey => authority.Ref.ShareKey;

    /// <summary>None for one that is denied: it is refused without the store.</summary>
    public override IReadOnlyList<RefLink> Refs => authority.IsDenied ? [] : authority.Links;

    public override int Ops { get; } = Math.Max(1, batch.Batch.Ops.Count);

    public override int Bytes { get; } = 256 + (256 * batch.Batch.Ops.Count) + batch.DataBytes;

    public override IThreadPoolWorkItem? FollowUp => receiver.FollowUp;

    public override bool IsDeferred => receiver.IsDeferred;

    public override async ValueTask<AppendLookup?> LookUpAsync(CommitScope scope)
    {
        if (!batch.HasShape || batch.Malformed is not null) return null;
        LogShare share = await scope.Shares.GetAsync(scope.Transaction, authority.Ref.ShareKey!.Value);
        long day = EffectiveCaveats.DayOf(scope.NowMs);
        return new AppendLookup(
            share.Key, batch.OpIds, Unmeasured(share),
            scope.Shares.IsProven ? UnknownRefs(scope, share, day) : CountedRefs(), day)
        {
            NeedsRecords = MayBeRefused(),
        };
    }

    /// <summary>A refusal proves nothing about what is known: such a batch asks for the records of its ids.</summary>
    private bool MayBeRefused() => batch.HasDependencies || batch.Batch.ExpectedCursor is not null
        || authority.Caveats.Quotas.Count > 0 || authority.Caveats.Rooms.Count > 0
        || authority.Caveats.AppendKinds is not null || !authority.Ref.Rights.HasFlag(Rights.Append)
        || Array.Exists(batch.Ops, op => op.Malformed is not null || op.Op.Kind is Kinds.Turn or Kinds.Comment);

    public override void Take(AppendFacts facts) => this.facts = facts;

    public override async ValueTask ExecuteAsync(CommitScope scope)
    {
        isRefused = false;
        chain?.Begin(batch.Batch);
        // not audited: the caller sees the error that ended the chain
        if (chain is { IsOver: true }) throw new ShareRpcException(ErrorCode.Overloaded);
        try
        {
            LogShare share = await scope.Shares.GetAsync(scope.Transaction, authority.Ref.ShareKey!.Value);
            ack = await new ApplyRules(scope, share, authority, writerId, limits, serverLimits, facts, isSnapshot,
                order).ApplyAsync(batch);
            order?.Take(FirstSeq(batch.Batch));
            if (span is not null) share.Trace = span.Context;
            if (scope.Shares.IsProven) await KeepUsesAsync(scope, share);
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
        audit.NoteAppend(authority.Ref, ack!.Applied.Count, AppliedBytes(ack));
        metrics.Appended(ack, begun);
        ServerTracing.End(span);
        isSettled = true;
        receiver.Take(ack);
    }

    public override void Fail(ShareRpcException error)
    {
        if (isSettled) return;
        isSettled = true;
        span?.SetStatus(ActivityStatusCode.Error, ErrorCodes.NameOf(error.Code));
        ServerTracing.End(span);

        // A refusal was noted where it happened: a resend behind it may have been taken since.
        if (!isRefused) order?.Refuse(FirstSeq(batch.Batch));
        receiver.Refuse(error);
    }

    private IReadOnlyList<(string Kind, string Key)> Unmeasured(LogShare share) => batch.MeasuredDocuments.Count == 0
        ? [] : [.. batch.MeasuredDocuments.Where(doc => !share.IsMeasured(doc.Kind, doc.Key))];

    private IReadOnlyList<long> CountedRefs() => authority.Caveats.Quotas.Count == 0
        ? authority.CountedRefs
        : [.. authority.CountedRefs.Union(authority.Caveats.Quotas.Select(quota => quota.RefKey))];

    /// <summary>
    /// Returns the refs whose use is not cached. That of the share's own refs is, since it changes under its lock only.
    /// </summary>
    private List<long> UnknownRefs(CommitScope scope, LogShare share, long day)
    {
        var unknown = new List<long>();
        foreach (long key in CountedRefs())
        {
            if (authority.CountedRefs.Contains(key) && share.TryFindUse(key, day, out DayUse use))
                scope.Uses.Add(key, day, use);
            else unknown.Add(key);
        }

        // Their counters are locked with the others: all of a transaction in one order.
        unknown.AddRange(authority.Caveats.Rooms.Select(room => room.RefKey).Except(unknown));
        return unknown;
    }

    private async ValueTask KeepUsesAsync(CommitScope scope, LogShare share)
    {
        long day = EffectiveCaveats.DayOf(scope.NowMs);
        foreach (long key in authority.CountedRefs) share.SetUse(key, day, await scope.Uses.OfAsync(key, day));
    }

    private long AppliedBytes(Ack ack)
    {
        if (ack.Applied.Count == batch.Ops.Length) return batch.DataBytes;
        HashSet<string> applied = [.. ack.Applied.Select(op => op.OpId)];
        return batch.Ops.Sum(op => applied.Contains(op.Op.OpId) ? op.Op.Data?.Utf8.Length ?? 0L : 0);
    }

    public static long? FirstSeq(OpBatch batch) => batch.Ops.Count > 0 ? batch.Ops[0]?.Seq : null;
}
