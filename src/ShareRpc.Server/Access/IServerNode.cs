namespace ShareRpc.Server.Access;

/// <summary>This process as one of those that serve a store. Any thread.</summary>
internal interface IServerNode
{
    /// <summary>
    /// Gets whether the node may serve from the authority state that it has: looked at last before a page is sent.
    /// False on a node that was paused, is slow, or cannot reach the store.
    /// </summary>
    bool IsCurrent { get; }

    /// <summary>Joins the others, before anything is served.</summary>
    Task JoinAsync(CancellationToken cancellationToken);

    /// <summary>Tells the others that it serves no more.</summary>
    Task LeaveAsync();

    /// <summary>
    /// Waits, after a change of authority is durable, until every node has applied it or serves no more. Throws
    /// <c>storage_unavailable</c> if that cannot be made sure: the change stands, and the call is to be repeated.
    /// </summary>
    /// <param name="isOfManyShares">Whether the ref is a root or creator ref.</param>
    Task ConfirmAsync(bool isOfManyShares);

    /// <summary>
    /// Counts a guess, on whichever node it is made; returns false, and counts none, if there were as many this minute.
    /// </summary>
    Task<bool> TakeGuessAsync(string of, int mostAMinute);

    /// <summary>Takes back a guess that was right.</summary>
    Task GiveBackGuessAsync(string of);

    /// <summary>Returns the nodes as this one sees them; null if it is alone by design.</summary>
    Task<ClusterView?> DescribeAsync(CancellationToken cancellationToken);
}

/// <summary>The only process that serves its store: the authority in memory is the one.</summary>
internal sealed class OnlyNode : IServerNode
{
    public bool IsCurrent => true;

    public Task JoinAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task LeaveAsync() => Task.CompletedTask;

    public Task ConfirmAsync(bool isOfManyShares) => Task.CompletedTask;

    public Task<bool> TakeGuessAsync(string of, int mostAMinute) => Task.FromResult(true);

    public Task GiveBackGuessAsync(string of) => Task.CompletedTask;

    public Task<ClusterView?> DescribeAsync(CancellationToken cancellationToken) =>
        Task.FromResult<ClusterView?>(null);
}

/// <summary>The nodes as one of them sees them.</summary>
internal sealed record ClusterView(string Self, IReadOnlyList<NodeView> Nodes);

/// <param name="Name">Its name.</param>
/// <param name="State"><c>serving</c>, <c>late</c> (its lease has ended) or <c>gone</c>.</param>
/// <param name="RenewedAgoMs">Since its last renewal.</param>
/// <param name="OwesConfirmation">Whether it has still to confirm a change of authority.</param>
/// <param name="WakeLagMs">How long wakes took to reach it, on average.</param>
internal sealed record NodeView(
    string Name, string State, long RenewedAgoMs, bool OwesConfirmation, double? WakeLagMs);
