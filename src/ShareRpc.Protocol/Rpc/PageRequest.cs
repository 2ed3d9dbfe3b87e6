namespace ShareRpc.Protocol.Rpc;

/// <summary>Parameters of the listing methods.</summary>
public sealed record PageRequest
{
    /// <summary>The position of the page before; 0 to start.</summary>
    public long After { get; init; }

    public int? Limit { get; init; }
}
