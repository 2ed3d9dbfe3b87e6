namespace ShareRpc.Protocol.Rpc;

/// <summary>Parameters of <c>readOps</c>.</summary>
public sealed record ReadOpsRequest
{
    /// <summary>Ops with a larger cursor; 0 for all.</summary>
    public long After { get; init; }

    /// <summary>At most this many ops, 1 or more; lowered to the server's limit.</summary>
    public int? Limit { get; init; }

    /// <summary>At most this many bytes, but at least one op; lowered to the server's limit.</summary>
    public int? MaxBytes { get; init; }

    /// <summary>How long to wait for the first op, 0 by default; lowered to the server's limit.</summary>
    public int? WaitMs { get; init; }
}
