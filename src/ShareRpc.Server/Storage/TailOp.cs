using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage;

/// <summary>An op that is not folded yet: where it is and which document it touches. Bytes is the size of its data.</summary>
internal readonly record struct TailOp(long Cursor, string Verb, string Kind, string Key, int Bytes, ContentClass Class)
{
    /// <summary>It says what the document is, whatever it was before.</summary>
    public bool IsWhole => Verb != Verbs.Append;
}
