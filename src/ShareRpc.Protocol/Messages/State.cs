using ShareRpc.Protocol.Ops;

namespace ShareRpc.Protocol.Messages;

/// <summary>Parameters of <c>getState</c>.</summary>
public sealed record GetStateRequest
{
    /// <summary>Gets the kinds of documents to return; absent for all.</summary>
    public IReadOnlyList<string>? Kinds { get; init; }

    /// <summary>Gets the last document of the page before.</summary>
    public DocKey? AfterKey { get; init; }

    public int? Limit { get; init; }
}

/// <summary>Folded documents in order of kind and key, then of bytes.</summary>
public sealed record StatePage
{
    public required IReadOnlyList<Document> Docs { get; init; }

    /// <summary>
    /// Gets the cursor up to which the state includes every op; read on from the first page's cursor.
    /// </summary>
    public required long Cursor { get; init; }

    /// <summary>Gets the <c>after_key</c> of the next page; absent on the last.</summary>
    public DocKey? NextKey { get; init; }
}

/// <summary>Names one document of a share.</summary>
public sealed record DocKey(string Kind, string Key);
