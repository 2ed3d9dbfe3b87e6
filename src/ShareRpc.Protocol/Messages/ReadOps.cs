using ShareRpc.Protocol.Ops;

namespace ShareRpc.Protocol.Messages;

/// <summary>Parameters of <c>readOps</c>.</summary>
public sealed record ReadOpsRequest
{
    /// <summary>Gets the cursor to read after; 0 for all.</summary>
    public long After { get; init; }

    /// <summary>Gets the maximum ops, at least 1.</summary>
    public int? Limit { get; init; }

    /// <summary>Gets the maximum bytes; one op always fits.</summary>
    public int? MaxBytes { get; init; }

    /// <summary>Gets the wait in ms. Default: 0.</summary>
    public int? WaitMs { get; init; }
}

/// <summary>A page of the log.</summary>
public sealed record OpPage
{
    /// <summary>Gets the ops, in order without gaps.</summary>
    public required IReadOnlyList<LoggedOp> Ops { get; init; }

    /// <summary>Gets the cursor to continue from.</summary>
    public required long Cursor { get; init; }

    /// <summary>Gets the share's last cursor.</summary>
    public required long Head { get; init; }

    /// <summary>Gets the cursor of lost data; read the state instead.</summary>
    public long? Gap { get; init; }

    /// <summary>Gets whether the share has ended.</summary>
    public bool? Ended { get; init; }

    /// <summary>Gets whether a writer is connected or has just appended.</summary>
    public bool? Writing { get; init; }

    /// <summary>Gets what the last restore of the server gave to the share; null before any (SPEC [READ-9]).</summary>
    public long? Generation { get; init; }
}
