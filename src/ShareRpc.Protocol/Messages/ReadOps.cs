using ShareRpc.Protocol.Ops;

namespace ShareRpc.Protocol.Messages;

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

/// <summary>A page of the log.</summary>
public sealed record OpPage
{
    /// <summary>Gapless and in order.</summary>
    public required IReadOnlyList<LoggedOp> Ops { get; init; }

    /// <summary>Where to read on: the last op's cursor, or <c>after</c> when the page is empty.</summary>
    public required long Cursor { get; init; }

    /// <summary>The share's last cursor.</summary>
    public required long Head { get; init; }

    /// <summary>When given, ops up to this cursor have lost their data: read the state instead, then on from here.</summary>
    public long? Gap { get; init; }

    /// <summary>True once <c>endShare</c> was called: nothing will follow the head.</summary>
    public bool? Ended { get; init; }
}
