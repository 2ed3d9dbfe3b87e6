using ShareRpc.Protocol.Ops;

namespace ShareRpc.Protocol.Messages;

/// <summary>Parameters of <c>subscribe</c>.</summary>
public sealed record SubscribeRequest
{
    /// <summary>Gets the cursor to read after; 0 for all.</summary>
    public long After { get; init; }

    /// <summary>Gets the bytes of ops that may come before more credit is given.</summary>
    public required int Credit { get; init; }

    /// <summary>Gets the subscription's number on its connection, chosen by the caller. Default: 0.</summary>
    public int? Subscription { get; init; }
}

/// <summary>Parameters of the notification <c>page</c>.</summary>
public sealed record PushedPage
{
    /// <summary>Gets the subscription's number.</summary>
    public required int Subscription { get; init; }

    /// <summary>Gets the credit that the page used.</summary>
    public required int Bytes { get; init; }

    /// <summary>Gets the ops, in order without gaps; none tells that the connection lives.</summary>
    public required IReadOnlyList<LoggedOp> Ops { get; init; }

    /// <summary>Gets the cursor of the last op.</summary>
    public required long Cursor { get; init; }

    /// <summary>Gets the share's last cursor.</summary>
    public required long Head { get; init; }

    /// <summary>Gets whether a writer is connected or has just appended.</summary>
    public bool? Writing { get; init; }

    /// <summary>Gets what the last restore of the server gave to the share; null before any (SPEC [READ-9]).</summary>
    public long? Generation { get; init; }
}

/// <summary>Parameters of the notification <c>credit</c>.</summary>
public sealed record CreditRequest
{
    /// <summary>Gets the subscription's number. Default: 0.</summary>
    public int? Subscription { get; init; }

    /// <summary>Gets the bytes that are given back.</summary>
    public required int Bytes { get; init; }
}
