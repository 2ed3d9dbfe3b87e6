using ShareRpc.Protocol.Ops;

namespace ShareRpc.Protocol.Messages;

/// <summary>Parameters of <c>readOps</c>.</summary>
public sealed record ReadOpsRequest
{
    /// <summary>Gets the cursor after which ops are returned; 0 for all.</summary>
    public long After { get; init; }

    /// <summary>Gets the largest number of ops, 1 or more; lowered to the server's limit.</summary>
    public int? Limit { get; init; }

    /// <summary>Gets the largest number of bytes; at least one op is returned; lowered to the server's limit.</summary>
    public int? MaxBytes { get; init; }

    /// <summary>
    /// Gets the time to wait for the first op, in milliseconds, 0 by default; lowered to the server's limit.
    /// </summary>
    public int? WaitMs { get; init; }
}

/// <summary>A page of the log.</summary>
public sealed record OpPage
{
    /// <summary>Gets the ops, gapless and in order.</summary>
    public required IReadOnlyList<LoggedOp> Ops { get; init; }

    /// <summary>Gets where to read on: the last op's cursor, or <c>after</c> when the page is empty.</summary>
    public required long Cursor { get; init; }

    /// <summary>Gets the share's last cursor.</summary>
    public required long Head { get; init; }

    /// <summary>
    /// Gets the cursor up to which ops have lost their data, if any: read the state instead, and then on from here.
    /// </summary>
    public long? Gap { get; init; }

    /// <summary>Gets whether <c>endShare</c> was called: nothing will follow the head.</summary>
    public bool? Ended { get; init; }
}
