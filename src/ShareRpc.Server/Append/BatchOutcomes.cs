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

internal sealed class BatchOutcomes(
    CommitScope scope, LogShare share, Authority authority, AppendAllowance allowance, WriterRow? writer,
        ProtocolLimits limits,
    bool isSnapshot = false)
{
    private readonly IWriteTransaction transaction = scope.Transaction;
    private readonly List<Outcome> outcomes = [];
    private readonly Dictionary<string, Outcome> byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OpRecord?> dependencies = new(StringComparer.Ordinal);
    private readonly ValueComparison comparison = new(scope, share);
    private bool cameWithNewest;

    public bool AnyRejected => outcomes.Exists(outcome => outcome.Code is not null);

    public static Rejection ToRejection(string opId, ErrorCode code) =>
        new(opId, ErrorCodes.NameOf(code), ErrorCodes.HintOf(code));

    public async ValueTask ApplyEachAsync(PreparedOp[] ops)
    {
        outcomes.EnsureCapacity(ops.Length);
        bool hasDependencies = ops.Any(op => op.Op.DependsOn is { Count: > 0 });
        foreach (PreparedOp op in ops)
        {
            Outcome outcome = await ApplyOneAsync(op);
            outcomes.Add(outcome);
            if (hasDependencies) byId.TryAdd(op.Op.OpId, outcome);
        }
    }

    /// <summary>Aborts the batch's other ops, except those known before it.</summary>
    public void AbortOthers()
    {
        allowance.Reset();
        for (int i = 0; i < outcomes.Count; i++)
        {
            Outcome outcome = outcomes[i];
            if (outcome.Code is null && !outcome.Known) outcomes[i] = outcome with { Code = ErrorCode.AtomicAborted };
        }
    }

    /// <summary>Records results without a cursor, for resends; throws if the ref has left too many today.</summary>
    public void Record(UnappliedAllowance unapplied)
    {
        List<Outcome> records = outcomes.FindAll(IsWorthARow);
        int rejections = records.Count(outcome => outcome.Code is not null);
        unapplied.Take(rejections, records.Count - rejections);
        allowance.Record();
        foreach (Outcome outcome in records)
        {
            transaction.InsertRejection(
                share.Key, outcome.Op.OpId, outcome.Digest, writer?.Key, outcome.Op.Seq, outcome.Code,
                outcome.Code is null ? outcome.Cursor : 0);
        }
    }

    private bool IsWorthARow(Outcome outcome)
    {
        bool isApplied = outcome is { Code: null, Duplicate: false };
        return !isApplied
            && (writer is not null || (!isSnapshot && outcome is { Duplicate: true, Known: false, Code: null }));
    }

    public Ack ToAck()
    {
        var applied = new List<OpCursor>(outcomes.Count);
        List<OpCursor> duplicates = [];
        List<Rejection> rejected = [];
        foreach (Outcome outcome in outcomes)
        {
            if (outcome.Code is { } code) rejected.Add(ToRejection(outcome.Op.OpId, code));
            else (outcome.Duplicate ? duplicates : applied).Add(new OpCursor(outcome.Op.OpId, outcome.Cursor));
        }

        return new Ack { Cursor = share.Head, Applied = applied, Duplicates = duplicates, Rejected = rejected };
    }

    private async ValueTask<Outcome> ApplyOneAsync(PreparedOp prepared)
    {
        (OpIntent op, byte[] digest, ErrorCode? malformed, _, _) = prepared;
        bool isPlain = !allowance.IsBinding && op.IfChanged != true && op.Kind != Kinds.Turn
            && op.DependsOn is not { Count: > 0 };
        ErrorCode? refused = allowance.Check(op) ?? malformed ?? await CheckDocumentSizeAsync(op);

        // For plain ops the unique index finds known op ids.
        if (!isPlain || refused is not null)
        {
            if (await FindKnownAsync(op, digest) is { } known) return known;
            if (refused is { } code) return new Outcome(op, digest, 0, Code: code);
            StoredDoc? current = op.Kind == Kinds.Turn || (isSnapshot && op.IfChanged == true)
                ? await CurrentDocument.FindAsync(transaction, share, op.Kind, op.Key)
                : null;
            TurnVerdict turn = JudgeTurn(op, current);
            Outcome? settled = OutcomeOf(turn, op, digest, current) ?? await CheckDependenciesAsync(op, digest)
                ?? JudgeProgress(op, digest, current)
                ?? await CompareWithDocumentAsync(prepared);
            if (settled is not null) return settled;
            if (turn == TurnVerdict.Settles) prepared = prepared with { Class = prepared.Class | ContentClass.Settled };
        }

        return await InsertAsync(prepared) ?? (await FindKnownAsync(op, digest))!;
    }

    private async ValueTask<ErrorCode?> CheckDocumentSizeAsync(OpIntent op)
    {
        if (op.Verb != Verbs.Append) return null;
        long size = await share.SizeOfAsync(transaction, op.Kind, op.Key) + op.Data!.Value.Utf8.Length;
        return size > limits.DocumentBytes ? ErrorCode.TooLarge : null;
    }

    private async ValueTask<Outcome?> InsertAsync(PreparedOp prepared)
    {
        (OpIntent op, byte[] digest, _, ContentClass? ownClass, _) = prepared;
        long cursor = share.Head + 1;
        (ContentClass before, ContentClass after) = await ClassesOfAsync(op, ownClass);
        bool inserted = await transaction.TryInsertOpAsync(new OpRow
        {
            ShareKey = share.Key, Cursor = cursor, OpId = op.OpId, Digest = digest, WriterKey = writer?.Key,
            Seq = op.Seq, Verb = op.Verb,
            Kind = op.Kind,
            Key = op.Key, Data = op.Data?.Utf8, Class = after, ClassBefore = before, ActorKey = authority.Ref.Key,
            TimeMs = scope.NowMs,
        });
        if (!inserted) return null;
        allowance.Count(op);
        if (op.Kind == Kinds.Turn) transaction.SetOpenTurn(share.Key, op.Key, cursor,
            TurnGuard.IsStreaming(op) ? writer?.Key ?? OpenTurnRow.NoWriter : null);
        share.Advance(new LoggedOp
        {
            Cursor = cursor, OpId = op.OpId, Verb = op.Verb, Kind = op.Kind, Key = op.Key, Data = op.Data,
            WriterId = writer?.WriterId,
            Seq = op.Seq,
            Actor = authority.Ref.CapId, TimeMs = scope.NowMs, SchemaVersion = Subprotocols.SchemaVersion,
            ContentClass = (int)after, ClassBefore = (int)before,
        });
        if (op.IfChanged == true) scope.Shares.Values.Set(share.Key, op.Kind, op.Key, cursor, prepared.Value);
        return new Outcome(op, digest, cursor);
    }

    private async ValueTask<(ContentClass Before, ContentClass After)> ClassesOfAsync(OpIntent op, ContentClass? own)
    {
        bool isAsked = op.Verb != Verbs.Put || ContentClasses.MayHide(op.Kind, own!.Value);
        if (!isAsked) return (own!.Value, own.Value);
        ContentClass before = await share.ClassOfAsync(transaction, op.Kind, op.Key);
        return (before, own ?? ContentClasses.AfterAppend(op, before));
    }

    /// <summary>Returns null if unknown or rejected (it may be retried).</summary>
    private async ValueTask<Outcome?> FindKnownAsync(OpIntent op, byte[] digest)
    {
        if (await transaction.FindOpRecordAsync(share.Key, op.OpId) is not { Code: null } record) return null;
        return record.Digest.AsSpan().SequenceEqual(digest)
            ? new Outcome(op, digest, record.Cursor, Duplicate: true, Known: true)
            : new Outcome(op, digest, 0, Code: ErrorCode.OpIdReused);
    }

    private TurnVerdict JudgeTurn(OpIntent op, StoredDoc? current)
    {
        if (op.Kind != Kinds.Turn || current is not { Data: { } turn }) return TurnVerdict.Allowed;
        return TurnGuard.Judge(turn, current.Class.HasFlag(ContentClass.Settled), op, writer?.WriterId);
    }

    private static Outcome? OutcomeOf(TurnVerdict verdict, OpIntent op, byte[] digest, StoredDoc? current) =>
        verdict switch
    {
        TurnVerdict.Final => new Outcome(op, digest, 0, Code: ErrorCode.TurnFinal),
        TurnVerdict.Duplicate => new Outcome(op, digest, current!.Cursor, Duplicate: true),
        _ => null,
    };

    private Outcome? JudgeProgress(OpIntent op, byte[] digest, StoredDoc? current)
    {
        if (!isSnapshot) return null;
        if (current is { Data: { } value } && ProgressGuard.IsBehind(value, op, cameWithNewest))
        {
            return new Outcome(op, digest, current.Cursor, Duplicate: true);
        }

        cameWithNewest |= op.Kind == Kinds.Session;
        return null;
    }

    private async ValueTask<Outcome?> CheckDependenciesAsync(OpIntent op, byte[] digest)
    {
        foreach (string dependency in op.DependsOn ?? [])
        {
            // This batch's results are not recorded yet.
            Outcome? here = byId.GetValueOrDefault(dependency);
            if (here is { Code: null }) continue;
            if (!dependencies.TryGetValue(dependency, out OpRecord? before))
            {
                before = await transaction.FindOpRecordAsync(share.Key, dependency);
                dependencies.Add(dependency, before);
            }

            if (before is { Code: null }) continue;
            ErrorCode code = here is null && before is null ? ErrorCode.DependencyMissing : ErrorCode.DependencyFailed;
            return new Outcome(op, digest, 0, Code: code);
        }

        return null;
    }

    private async ValueTask<Outcome?> CompareWithDocumentAsync(PreparedOp prepared)
    {
        OpIntent op = prepared.Op;
        if (op.IfChanged != true) return null;
        return await comparison.FindSameAsync(prepared) is { } cursor
            ? new Outcome(op, prepared.Digest, cursor, Duplicate: true) : null;
    }

    /// <param name="Op">The op.</param>
    /// <param name="Digest">Its digest.</param>
    /// <param name="Cursor">Where it was applied, or where what it duplicates stands.</param>
    /// <param name="Code">Why it was rejected.</param>
    /// <param name="Duplicate">It was known, or changes nothing.</param>
    /// <param name="Known">Its op id was settled before this batch.</param>
    private sealed record Outcome(
        OpIntent Op, byte[] Digest, long Cursor, ErrorCode? Code = null, bool Duplicate = false, bool Known = false);
}
