using ShareRpc.Protocol.Ops;

namespace ShareRpc.Protocol.Messages;

/// <summary>Parameters of <c>getState</c>.</summary>
public sealed record GetStateRequest
{
    /// <summary>Only documents of these kinds; all when absent.</summary>
    public IReadOnlyList<string>? Kinds { get; init; }

    /// <summary>The last document of the page before.</summary>
    public DocKey? AfterKey { get; init; }

    public int? Limit { get; init; }
}

/// <summary>Folded documents in order of kind and key, then of bytes.</summary>
public sealed record StatePage
{
    public required IReadOnlyList<Document> Docs { get; init; }

    /// <summary>The state includes every op up to here; read on from the first page's cursor.</summary>
    public required long Cursor { get; init; }

    /// <summary>The <c>after_key</c> of the next page; absent on the last.</summary>
    public DocKey? NextKey { get; init; }
}

/// <summary>Names one document of a share.</summary>
public sealed record DocKey(string Kind, string Key);
