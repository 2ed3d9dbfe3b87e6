using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage;

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
