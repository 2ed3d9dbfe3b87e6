namespace ShareRpc.Protocol.Rpc;

/// <summary>Parameters of <c>getState</c>.</summary>
public sealed record GetStateRequest
{
    /// <summary>Only documents of these kinds; all when absent.</summary>
    public IReadOnlyList<string>? Kinds { get; init; }

    /// <summary>The last document of the page before.</summary>
    public DocKey? AfterKey { get; init; }

    public int? Limit { get; init; }
}
