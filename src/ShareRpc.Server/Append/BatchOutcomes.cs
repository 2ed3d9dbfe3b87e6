using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Turns;

namespace ShareRpc.Server.Append;

/// <summary>
/// Decides on the ops of a batch, one after the other. Nothing is written before <see cref="RecordAsync"/>: until then
/// the share alone knows of them, and can be taken back.
/// </summary>
internal sealed class BatchOutcomes(
    CommitScope scope, LogShare share, Authority authority, AppendAllowance allowance, WriterRow? writer,
    ProtocolLimits limits, AppendFacts facts, bool isSnapshot = false)
{
    private readonly IWriteTransaction transaction = scope.Transaction;
    private readonly DocumentMeasures folded = new(scope.Transaction, share.Key, facts);
    private readonly DocumentFacts documents = new(scope, share, new(scope.Transaction, share.Key, facts));
    private readonly ValueComparison comparison = new(scope, share, new(scope.Transaction, share.Key, facts));
    private readonly CommentOps comments = new(
        scope, share, authority, new(scope.Transaction, share.Key, facts), limits);
    private readonly List<TurnMark> turns = [];
    private PreparedOp[] ops = [];
    private Outcome[] outcomes = [];
    private AppliedOp[] applied = [];
    private int appliedCount;
    private Dictionary<string, int>? indexes;
    private bool cameWithNewest;

    public bool AnyRejected => Array.Exists(outcomes, outcome => outcome.Code is not null);

    public static Rejection ToRejection(string opId, ErrorCode code) =>
        new(opId, ErrorCodes.NameOf(code), ErrorCodes.HintOf(code));

    /// <summary>Returns the ack of a batch whose ops are all known with their digests, else null ([APPLY-9]).</summary>
    public static Ack? FindAllKnown(LogShare share, AppendFacts facts, PreparedOp[] ops)
    {
        var duplicates = new List<OpCursor>(ops.Length);
        foreach (PreparedOp op in ops)
        {
            if (RecordOf(share, facts, op.Op.OpId) is not { Code: null } record
                || !record.Digest.AsSpan().SequenceEqual(op.Digest)) return null;
            duplicates.Add(new OpCursor(op.Op.OpId, record.Cursor));
        }

        return new Ack { Cursor = share.Head, Applied = [], Duplicates = duplicates, Rejected = [] };
    }

    public async ValueTask ApplyEachAsync(PreparedBatch batch)
    {
        ops = batch.Ops;
        await comments.LoadAsync();
        (outcomes, applied) = (new Outcome[ops.Length], new AppliedOp[ops.Length]);
        if (batch.HasDependencies) indexes = new(ops.Length, StringComparer.Ordinal);
        for (int i = 0; i < ops.Length; i++)
        {
            outcomes[i] = await ApplyOneAsync(ops[i]);
            indexes?.TryAdd(ops[i].Op.OpId, i);
        }
    }

    /// <summary>Aborts the batch's other ops, except those known before it.</summary>
    public void AbortOthers()
    {
        allowance.Reset();
        turns.Clear();
        comments.Clear();
        appliedCount = 0;
        foreach (ref Outcome outcome in outcomes.AsSpan())
        {
            if (outcome.Code is null && !outcome.IsKnown) outcome = new Outcome(0, ErrorCode.AtomicAborted);
        }
    }

    /// <summary>
    /// Writes what was applied, and results without a cursor, for resends; throws before it writes anything if the ref
    /// has left too many today.
    /// </summary>
    public async ValueTask RecordAsync(UnappliedAllowance unapplied, long? writerKey)
    {
        List<UnappliedOp>? records = null;
        int rejections = 0;
        for (int i = 0; i < ops.Length; i++)
        {
            Outcome outcome = outcomes[i];
            if (!IsWorthARow(outcome)) continue;
            if (outcome.Code is not null) rejections++;
            (records ??= []).Add(new(
                ops[i].Op.OpId, ops[i].Digest, ops[i].Op.Seq, outcome.Code, outcome.Code is null ? outcome.Cursor : 0));
        }

        await unapplied.TakeAsync(rejections, (records?.Count ?? 0) - rejections);
        await allowance.RecordAsync();
        if (writer is not null && writerKey is null)
            writerKey = await transaction.InsertWriterAsync(share.Key, writer.WriterId, writer.RefKey);
        var batch = new AppendedBatch
        {
            ShareKey = share.Key, ActorKey = authority.Ref.Key, TimeMs = scope.NowMs, WriterKey = writerKey,
            AckedSeq = writer is null ? null : ops[^1].Op.Seq,
            Applied = appliedCount == applied.Length
                ? applied : new ArraySegment<AppliedOp>(applied, 0, appliedCount),
            Unapplied = records ?? [], Turns = turns,
        };
        transaction.Append(batch);
        share.Note(batch);
        if (writer is not null)
            share.SetWriter(writer with { Key = writerKey!.Value, AckedSeq = batch.AckedSeq!.Value });
    }

    /// <summary>Appends what the batch makes of the comments on its documents; after what was recorded.</summary>
    public ValueTask RestateAsync() => comments.RestateAsync(allowance);

    public Ack ToAck()
    {
        var cursors = new List<OpCursor>(appliedCount);
        List<OpCursor>? duplicates = null;
        List<Rejection>? rejected = null;
        for (int i = 0; i < ops.Length; i++)
        {
            (string opId, Outcome outcome) = (ops[i].Op.OpId, outcomes[i]);
            if (outcome.Code is { } code) (rejected ??= []).Add(ToRejection(opId, code));
            else if (outcome.IsDuplicate) (duplicates ??= []).Add(new OpCursor(opId, outcome.Cursor));
            else cursors.Add(new OpCursor(opId, outcome.Cursor));
        }

        return new Ack
        {
            Cursor = share.Head, Applied = cursors, Duplicates = duplicates ?? [], Rejected = rejected ?? [],
        };
    }

    private bool IsWorthARow(Outcome outcome) =>
        (outcome.Code is not null || outcome.IsDuplicate)
        && (writer is not null || (!isSnapshot && outcome is { IsDuplicate: true, IsKnown: false, Code: null }));

    private async ValueTask<Outcome> ApplyOneAsync(PreparedOp prepared)
    {
        OpIntent op = prepared.Op;
        if (FindKnown(prepared) is { } known) return known;
        ErrorCode? refused = allowance.Check(op) ?? prepared.Malformed;
        if (refused is null && op.Verb == Verbs.Append) refused = await CheckDocumentSizeAsync(op);
        if (refused is { } code) return new Outcome(0, code);
        if (op.Kind == Kinds.Comment) return CheckDependencies(op) ?? await ApplyCommentAsync(prepared);
        ContentClass? own = prepared.Class;
        if (op.IfChanged == true || op.Kind == Kinds.Turn || op.DependsOn is { Count: > 0 })
        {
            KnownDocument? current = op.Kind == Kinds.Turn
                || (isSnapshot && op.IfChanged == true && ProgressGuard.IsFor(op.Kind))
                ? await documents.FindAsync(op.Kind, op.Key)
                : null;
            TurnVerdict turn = JudgeTurn(prepared, current);
            Outcome? settled = OutcomeOf(turn, current) ?? CheckDependencies(op) ?? JudgeProgress(prepared, current)
                ?? await CompareWithDocumentAsync(prepared);
            if (settled is { } outcome) return outcome;
            if (turn == TurnVerdict.Settles) own |= ContentClass.Settled;
        }

        bool isCommented = comments.AreOn(op.Kind, op.Key);
        if (op.Verb == Verbs.Put && !isCommented && !ContentClasses.MayHide(op.Kind, own!.Value))
            return Apply(prepared, own.Value, own.Value);
        ContentClass before = await share.ClassOfAsync(folded, op.Kind, op.Key);
        ContentClass after = own ?? ContentClasses.AfterAppend(op, before);
        if (isCommented) comments.Note(op.Kind, op.Key, before, after);
        return Apply(prepared, before, after);
    }

    private async ValueTask<Outcome> ApplyCommentAsync(PreparedOp prepared)
    {
        CommentVerdict verdict = await comments.JudgeAsync(prepared.Op);
        return verdict.Refused is { } refused
            ? new Outcome(0, refused)
            : Apply(prepared with { Op = verdict.Op! }, verdict.Before, verdict.After);
    }

    private async ValueTask<ErrorCode?> CheckDocumentSizeAsync(OpIntent op)
    {
        long size = await share.SizeOfAsync(folded, op.Kind, op.Key) + op.Data!.Value.Utf8.Length;
        return size > limits.DocumentBytes ? ErrorCode.TooLarge : null;
    }

    private Outcome Apply(PreparedOp prepared, ContentClass before, ContentClass after)
    {
        OpIntent op = prepared.Op;
        long cursor = share.Head + 1;
        applied[appliedCount++] = new AppliedOp(op, prepared.Digest, cursor, before, after);
        allowance.Count(op);
        if (op.Kind == Kinds.Turn)
            turns.Add(new TurnMark(op.Key, cursor, prepared.Facts is TurnFacts { State: TurnStates.Streaming }));
        share.Advance(new LoggedOp
        {
            Cursor = cursor, OpId = op.OpId, Verb = op.Verb, Kind = op.Kind, Key = op.Key, Data = op.Data,
            WriterId = writer?.WriterId, Seq = op.Seq, Actor = CommentKey.ActorOf(op.Kind, authority.Ref.CapId),
            TimeMs = scope.NowMs,
            SchemaVersion = Subprotocols.SchemaVersion, ContentClass = (int)after, ClassBefore = (int)before,
        });
        if (op.Verb == Verbs.Put && prepared.Facts is { } facts)
            scope.Shares.Facts.Set(share.Key, op.Kind, op.Key, cursor, facts);
        if (op.IfChanged == true) scope.Shares.Values.Set(share.Key, op.Kind, op.Key, cursor, prepared.Value);
        return new Outcome(cursor);
    }

    /// <summary>Returns null if unknown or rejected (it may be retried).</summary>
    private Outcome? FindKnown(PreparedOp op)
    {
        if (RecordOf(share, facts, op.Op.OpId) is not { Code: null } record) return null;
        return record.Digest.AsSpan().SequenceEqual(op.Digest)
            ? new Outcome(record.Cursor, IsDuplicate: true, IsKnown: true)
            : new Outcome(0, ErrorCode.OpIdReused);
    }

    /// <summary>Returns what the share recorded of an op id before this batch: an op or duplicate if any.</summary>
    private static OpRecord? RecordOf(LogShare share, AppendFacts facts, string opId)
    {
        OpRecord? here = share.FindWritten(opId);
        return here is { Code: null } || !facts.Records.TryGetValue(opId, out OpRecord? before)
            || (here is not null && before.Code is not null) ? here : before;
    }

    private TurnVerdict JudgeTurn(PreparedOp prepared, KnownDocument? current)
    {
        if (current?.Facts is not TurnFacts turn) return TurnVerdict.Allowed;
        TurnFacts? next = prepared.Op.Verb == Verbs.Put ? prepared.Facts as TurnFacts : null;
        return TurnGuard.Judge(turn, current.Class.HasFlag(ContentClass.Settled), next, writer?.WriterId);
    }

    private static Outcome? OutcomeOf(TurnVerdict verdict, KnownDocument? current) => verdict switch
    {
        TurnVerdict.Final => new Outcome(0, ErrorCode.TurnFinal),
        TurnVerdict.Duplicate => new Outcome(current!.Cursor, IsDuplicate: true),
        _ => null,
    };

    private Outcome? JudgeProgress(PreparedOp prepared, KnownDocument? current)
    {
        if (!isSnapshot) return null;
        string kind = prepared.Op.Kind;
        if (current?.Facts is ProgressFacts before && prepared.Facts is ProgressFacts after
            && ProgressGuard.IsBehind(kind, before, after, cameWithNewest))
            return new Outcome(current.Cursor, IsDuplicate: true);
        cameWithNewest |= kind == Kinds.Session;
        return null;
    }

    private Outcome? CheckDependencies(OpIntent op)
    {
        foreach (string dependency in op.DependsOn ?? [])
        {
            // This batch's results are not recorded yet.
            bool isHere = indexes!.TryGetValue(dependency, out int index);
            if (isHere && outcomes[index].Code is null) continue;
            OpRecord? before = RecordOf(share, facts, dependency);
            if (before is { Code: null }) continue;
            return new Outcome(
                0, !isHere && before is null ? ErrorCode.DependencyMissing : ErrorCode.DependencyFailed);
        }

        return null;
    }

    private async ValueTask<Outcome?> CompareWithDocumentAsync(PreparedOp prepared)
    {
        if (prepared.Op.IfChanged != true) return null;
        return await comparison.FindSameAsync(prepared) is { } cursor ? new Outcome(cursor, IsDuplicate: true) : null;
    }

    /// <param name="Cursor">Where it was applied, or where what it duplicates stands.</param>
    /// <param name="Code">Why it was rejected.</param>
    /// <param name="IsDuplicate">It was known, or changes nothing.</param>
    /// <param name="IsKnown">Its op id was settled before this batch.</param>
    private readonly record struct Outcome(
        long Cursor, ErrorCode? Code = null, bool IsDuplicate = false, bool IsKnown = false);
}
