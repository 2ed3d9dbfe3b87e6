using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Append;

internal sealed class PreparedBatch
{
    public PreparedBatch(OpBatch batch, bool hasWriter, ProtocolLimits limits, bool isSnapshot = false)
    {
        Batch = batch;
        foreach (OpIntent? op in batch.Ops) DataBytes += op?.Data?.Utf8.Length ?? 0;
        HasShape = HasShapeOf(batch, hasWriter);
        if (!HasShape) return;
        Malformed = OpRules.Check(batch, limits);
        Ops = new PreparedOp[batch.Ops.Count];
        for (int i = 0; i < Ops.Length; i++) Ops[i] = PreparedOp.Prepare(batch.Ops[i], limits, isSnapshot);
        Comments = Ops.Count(op => op.Op.Kind == Kinds.Comment);
        HasDependencies = Array.Exists(Ops, op => op.Op.DependsOn is { Count: > 0 });
        OpIds = Array.ConvertAll(Ops, op => op.Op.OpId);
        if (Array.Exists(Ops, op => op.AsksForDocument))
        {
            MeasuredDocuments =
                [.. Ops.Where(op => op.AsksForDocument).Select(op => (op.Op.Kind, op.Op.Key)).Distinct()];
        }

        if (!HasDependencies || Malformed is not null) return;
        IEnumerable<string> needed = Ops.Where(op => op.Malformed is null).SelectMany(op => op.Op.DependsOn ?? []);
        OpIds = [.. OpIds.Union(needed, StringComparer.Ordinal)];
    }

    public OpBatch Batch { get; }

    /// <summary>Op ids exist; seqs are consecutive with a writer id, absent without. Resends need it too.</summary>
    public bool HasShape { get; }

    public ErrorCode? Malformed { get; }

    /// <summary>Empty without <see cref="HasShape"/>.</summary>
    public PreparedOp[] Ops { get; } = [];

    public bool HasDependencies { get; }

    /// <summary>How many of its ops are comments.</summary>
    public int Comments { get; }

    public int DataBytes { get; }

    /// <summary>The ids of its ops and of those that they depend on.</summary>
    public string[] OpIds { get; } = [];

    /// <summary>Documents whose measure the rules ask for.</summary>
    public IReadOnlyList<(string Kind, string Key)> MeasuredDocuments { get; } = [];

    private static bool HasShapeOf(OpBatch batch, bool hasWriter)
    {
        if (batch.Ops.Count == 0 || batch.Ops[0] is null || batch.Ops[0].Seq is not null != hasWriter
            || batch.Ops[0].Seq < 1) return false;
        long? first = batch.Ops[0].Seq;
        for (int i = 0; i < batch.Ops.Count; i++)
        {
            if (batch.Ops[i] is not { OpId: not null, Verb: not null, Kind: not null, Key: not null } op) return false;
            if (op.Seq != first + i) return false;
        }

        return true;
    }
}

/// <summary>
/// An op with what can be said of it without looking at anything else: found out where the call arrived, so that the
/// one thread that commits need not.
/// </summary>
/// <param name="Op">The op.</param>
/// <param name="Digest">Its digest.</param>
/// <param name="Malformed">Why it is rejected whatever the share holds; null for a well-formed op.</param>
/// <param name="Value">The digest of its data as JSON, with <c>if_changed</c>; null if that equals none.</param>
/// <param name="Class">What its document is about after it; null when the document itself must be asked.</param>
/// <param name="Facts">What a guard needs to know of its data, as <see cref="DocumentFacts"/> has it.</param>
internal sealed record PreparedOp(
    OpIntent Op, byte[] Digest, ErrorCode? Malformed, ContentClass? Class, byte[]? Value, object? Facts = null)
{
    /// <summary>Whether the size, class or value of its document before it counts.</summary>
    public bool AsksForDocument => Malformed is null
        && (Op.Verb != Verbs.Put || Op.IfChanged == true || Op.Kind == Kinds.Turn
            || ContentClasses.MayHide(Op.Kind, Class!.Value));

    public static PreparedOp Prepare(OpIntent op, ProtocolLimits limits, bool isSnapshot)
    {
        ErrorCode? malformed = OpRules.Check(op, limits, isJson: true);
        if (malformed is not null) return new PreparedOp(op, OpDigest.Of(op), malformed, null, null);
        byte[]? value = op.IfChanged == true ? JsonDigest.Of(op.Data!.Value) : null;
        bool isGuarded = op.Kind == Kinds.Turn || (isSnapshot && op.IfChanged == true && ProgressGuard.IsFor(op.Kind));
        object? facts = isGuarded && op.Data is { } data ? DocumentFacts.Of(op.Kind, data) : null;
        return new PreparedOp(op, OpDigest.Of(op), null, ContentClasses.OfOpItself(op), value, facts);
    }
}
