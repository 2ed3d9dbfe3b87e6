namespace ShareRpc.Protocol.Messages;

/// <summary>Parameters of <c>search</c> and <c>searchShares</c>.</summary>
public sealed record SearchRequest
{
    /// <summary>Gets the words, all of which a document must hold.</summary>
    public required string Query { get; init; }

    /// <summary>Gets the <c>next</c> of the page before; absent for the first.</summary>
    public long? After { get; init; }

    /// <summary>Gets the hits wanted, at most.</summary>
    public int? Limit { get; init; }
}

/// <summary>Documents that hold the words, in the order of their cursors.</summary>
public sealed record SearchPage
{
    public required IReadOnlyList<SearchHit> Hits { get; init; }

    /// <summary>Gets the cursor up to which the share was searched.</summary>
    public required long Cursor { get; init; }

    /// <summary>Gets the next page's <c>after</c>, if there may be one.</summary>
    public long? Next { get; init; }
}

/// <summary>A document that holds the words.</summary>
public sealed record SearchHit
{
    public required string Kind { get; init; }

    public required string Key { get; init; }

    /// <summary>Gets the cursor of its last op.</summary>
    public required long Cursor { get; init; }

    /// <summary>Gets the message that it belongs to, for parts that say so.</summary>
    public string? Message { get; init; }

    /// <summary>Gets a piece of its text around the first word.</summary>
    public required string Snippet { get; init; }
}

/// <summary>Shares that hold the words, newest first, each with its newest document that does.</summary>
public sealed record ShareSearchPage
{
    public required IReadOnlyList<ShareSearchHit> Shares { get; init; }

    /// <summary>Gets the next page's <c>after</c>, if there may be one.</summary>
    public long? Next { get; init; }
}

/// <summary>A share that holds the words.</summary>
public sealed record ShareSearchHit
{
    public required string ShareId { get; init; }

    public string? Label { get; init; }

    public required SearchHit Hit { get; init; }
}
