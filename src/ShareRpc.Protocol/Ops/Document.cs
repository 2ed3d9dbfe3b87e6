using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>
/// A folded document. Its cursor is the last op in it: a reader applies an op to it only if the op's cursor is larger.
/// </summary>
public sealed record Document(string Kind, string Key, long Cursor, RawJson Data)
{
    /// <summary>Gets whether some of the data is not shown to this reader.</summary>
    public bool? Redacted { get; init; }
}
