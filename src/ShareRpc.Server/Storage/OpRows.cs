using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage;

/// <summary>Estimates wire bytes without data; not a limit.</summary>
internal static class OpEnvelope
{
    public const int Bytes = 320;
}

/// <summary>Cursor and writer of a streaming turn's last op, and the writer's watermark.</summary>
/// <param name="ShareKey">Its share.</param>
/// <param name="Key">Its document.</param>
/// <param name="Cursor">Of its last op.</param>
/// <param name="WriterId">Of its last op.</param>
/// <param name="AckedSeq">The writer's watermark.</param>
/// <param name="Heard">Rises while the writer is connected to another node.</param>
internal sealed record OpenTurnRow(
    long ShareKey, string Key, long Cursor, string WriterId, long AckedSeq, long Heard = 0)
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
