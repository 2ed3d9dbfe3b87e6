using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>A folded document. Apply only ops after its cursor.</summary>
public sealed record Document(string Kind, string Key, long Cursor, RawJson Data)
{
    /// <summary>Gets whether data is hidden.</summary>
    public bool? Redacted { get; init; }
}
