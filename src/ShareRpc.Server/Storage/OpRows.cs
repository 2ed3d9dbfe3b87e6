using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage;

/// <summary>An op to be stored: one row.</summary>
internal sealed record OpRow
{
    public required long ShareKey { get; init; }

    public required long Cursor { get; init; }

    public required string OpId { get; init; }

    public required byte[] Digest { get; init; }

    public long? WriterKey { get; init; }

    public long? Seq { get; init; }

    public required string Verb { get; init; }

    public required string Kind { get; init; }

    public required string Key { get; init; }

    public ReadOnlyMemory<byte>? Data { get; init; }

    /// <summary>What its document is about, after it.</summary>
    public required ContentClass Class { get; init; }

    /// <summary>What it was about before. After a put that hides its document from nobody nobody asks: as after it.</summary>
    public required ContentClass ClassBefore { get; init; }

    public required long ActorKey { get; init; }

    public required long TimeMs { get; init; }
}

/// <summary>
/// What became of an op: a rejection when it has a code; otherwise it was applied at its cursor, or was a duplicate of what stands there.
/// </summary>
internal sealed record OpRecord(string OpId, byte[] Digest, long Cursor, bool Applied, ErrorCode? Code);

/// <summary>What an op weighs on the wire besides its data, for counting pages: an upper bound for ordinary ids, not a limit.</summary>
internal static class OpEnvelope
{
    public const int Bytes = 320;
}

/// <summary>A turn that is streaming: its last op's cursor and writer, and how far that writer has come.</summary>
internal sealed record OpenTurnRow(long ShareKey, string Key, long Cursor, string WriterId, long AckedSeq)
{
    /// <summary>Stands for the writer of a streaming turn whose last op came without one.</summary>
    public const long NoWriter = 0;
}

/// <summary>An op that is not folded yet: where it is and which document it touches. Bytes is the size of its data.</summary>
internal readonly record struct TailOp(long Cursor, string Verb, string Kind, string Key, int Bytes, ContentClass Class)
{
    /// <summary>It says what the document is, whatever it was before.</summary>
    public bool IsWhole => Verb != Verbs.Append;
}
