using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage;

/// <summary>Asks what the rules must know of one batch before they are applied to it.</summary>
/// <param name="OpIds">Its ops and those that they depend on.</param>
/// <param name="Documents">Documents whose measure counts, and that the caller does not know.</param>
/// <param name="Refs">Refs whose use of a day counts.</param>
/// <param name="Day">That day, counted from 1970 UTC.</param>
internal sealed record AppendLookup(
    long ShareKey, IReadOnlyList<string> OpIds, IReadOnlyList<(string Kind, string Key)> Documents,
    IReadOnlyList<long> Refs, long Day)
{
    /// <summary>
    /// Gets whether the records of the ids are needed: an op depends on another, or may be refused, which proves
    /// nothing about what is known.
    /// </summary>
    public bool NeedsRecords { get; init; }
}

/// <summary>Answers a lookup; as of then, so what the transaction appends later is not in it.</summary>
internal sealed class AppendFacts
{
    public static readonly AppendFacts None = new();

    /// <summary>Has the known op ids: the op, else its newest duplicate, else its newest rejection.</summary>
    public IReadOnlyDictionary<string, OpRecord> Records { get; init; } = new Dictionary<string, OpRecord>();

    /// <summary>Has every document asked for; <see cref="DocumentMeasure.None"/> for one that is not there.</summary>
    public IReadOnlyDictionary<(string Kind, string Key), DocumentMeasure> Documents { get; init; } =
        new Dictionary<(string, string), DocumentMeasure>();

    /// <summary>Has every ref asked for.</summary>
    public IReadOnlyDictionary<long, DayUse> Uses { get; init; } = new Dictionary<long, DayUse>();
}

/// <summary>Holds all that one batch leaves in its share: what was applied, and what was not but is recorded.</summary>
internal sealed class AppendedBatch
{
    public required long ShareKey { get; init; }

    public required long ActorKey { get; init; }

    public required long TimeMs { get; init; }

    /// <summary>Null: the batch has no writer, and its ops have no seq.</summary>
    public long? WriterKey { get; init; }

    /// <summary>The writer's watermark after the batch; null leaves it.</summary>
    public long? AckedSeq { get; init; }

    /// <summary>
    /// At consecutive cursors, the first one after the head. No op id is known in the share as applied.
    /// </summary>
    public IReadOnlyList<AppliedOp> Applied { get; init; } = [];

    public IReadOnlyList<UnappliedOp> Unapplied { get; init; } = [];

    /// <summary>Turns whose streaming began, went on or ended.</summary>
    public IReadOnlyList<TurnMark> Turns { get; init; } = [];
}

/// <param name="ClassBefore">Equals the class after for a put that cannot hide its document.</param>
/// <param name="Class">What its document is about after it.</param>
internal readonly record struct AppliedOp(
    OpIntent Op, byte[] Digest, long Cursor, ContentClass ClassBefore, ContentClass Class)
{
    public long? Seq => Op.Seq;
}

/// <summary>A rejection with its code, or a duplicate with the cursor where its effect stands.</summary>
internal readonly record struct UnappliedOp(string OpId, byte[] Digest, long? Seq, ErrorCode? Code, long Cursor);

/// <param name="Cursor">Of the turn's last op.</param>
internal readonly record struct TurnMark(string Key, long Cursor, bool IsStreaming);

/// <summary>Rejected with a code; else applied at its cursor, or a duplicate of that op.</summary>
internal sealed record OpRecord(string OpId, byte[] Digest, long Cursor, bool Applied, ErrorCode? Code);
