using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage;

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

    public required ContentClass Class { get; init; }

    /// <summary>Equals the class after for a put that cannot hide its document.</summary>
    public required ContentClass ClassBefore { get; init; }

    public required long ActorKey { get; init; }

    public required long TimeMs { get; init; }
}

/// <summary>Rejected with a code; else applied at its cursor, or a duplicate of that op.</summary>
internal sealed record OpRecord(string OpId, byte[] Digest, long Cursor, bool Applied, ErrorCode? Code);

/// <summary>Estimates wire bytes without data; not a limit.</summary>
internal static class OpEnvelope
{
    public const int Bytes = 320;
}

/// <summary>Cursor and writer of a streaming turn's last op, and the writer's watermark.</summary>
internal sealed record OpenTurnRow(long ShareKey, string Key, long Cursor, string WriterId, long AckedSeq)
{
    /// <summary>The last op had no writer.</summary>
    public const long NoWriter = 0;
}

/// <summary>Bytes: data size.</summary>
internal readonly record struct TailOp(long Cursor, string Verb, string Kind, string Key, int Bytes, ContentClass Class)
{
    /// <summary>Sets the whole document.</summary>
    public bool IsWhole => Verb != Verbs.Append;
}
