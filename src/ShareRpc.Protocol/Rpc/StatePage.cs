using ShareRpc.Protocol.Ops;

namespace ShareRpc.Protocol.Rpc;

/// <summary>Folded documents in order of kind and key, then of bytes.</summary>
public sealed record StatePage
{
    public required IReadOnlyList<Document> Docs { get; init; }

    /// <summary>The state includes every op up to here; read on from the first page's cursor.</summary>
    public required long Cursor { get; init; }

    /// <summary>The <c>after_key</c> of the next page; absent on the last.</summary>
    public DocKey? NextKey { get; init; }
}
