using ShareRpc.Protocol.Ops;

namespace ShareRpc.Protocol.Messages;

/// <summary>Parameters of <c>getState</c>.</summary>
public sealed record GetStateRequest
{
    /// <summary>Gets the wanted kinds; absent for all.</summary>
    public IReadOnlyList<string>? Kinds { get; init; }

    /// <summary>Gets the previous page's last document.</summary>
    public DocKey? AfterKey { get; init; }

    public int? Limit { get; init; }
}

/// <summary>Folded documents by kind, key and bytes.</summary>
public sealed record StatePage
{
    public required IReadOnlyList<Document> Docs { get; init; }

    /// <summary>Gets the included cursor; continue from the first page's.</summary>
    public required long Cursor { get; init; }

    /// <summary>Gets the next page's <c>after_key</c>, if any.</summary>
    public DocKey? NextKey { get; init; }

    /// <summary>Gets what the last restore of the server gave to the share; null before any (SPEC [READ-9]).</summary>
    public long? Generation { get; init; }
}

/// <summary>Names a document.</summary>
public sealed record DocKey(string Kind, string Key);
