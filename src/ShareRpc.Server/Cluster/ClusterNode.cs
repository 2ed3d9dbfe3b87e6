using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Diagnostics;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Access;

namespace ShareRpc.Server.Cluster;

/// <summary>This process as a node of a cluster: its lease, and the wait for the others after a change.</summary>
internal sealed class ClusterNode(
    NodeTable table, AuthorityLease lease, AuthorityFollower follower, ClusterClock clock, ClusterOptions options,
    ILogger<ClusterNode> log)
    : IServerNode
{
    private const int LateMs = 250;

    public bool IsCurrent => lease.IsValid || BrokenRule.Is(BrokenRule.NoLease);

    public Task JoinAsync(CancellationToken cancellationToken) => follower.JoinAsync(cancellationToken);

    public Task LeaveAsync() => follower.LeaveAsync();

    public async Task ConfirmAsync(bool isOfManyShares)
    {
        long committed = clock.GetTimestamp();
        try
        {
            Task grace = isOfManyShares && !BrokenRule.Is(BrokenRule.NoGrace)
                ? WaitForOthersTransactionsAsync(committed) : Task.CompletedTask;
            if (!BrokenRule.Is(BrokenRule.NoConfirmation))
                await WaitForNodesAsync(committed).ConfigureAwait(false);
            await grace.ConfigureAwait(false);
        }
        catch (Exception exception) when (AuthorityFollower.IsOfDatabase(exception))
        {
            log.ChangeNotConfirmed(exception);
            throw new ShareRpcException(ErrorCode.StorageUnavailable) { RetryAfter = options.RetryAfter };
        }
    }

    public Task<bool> TakeGuessAsync(string of, int mostAMinute) =>
        AskAsync(() => table.TakeGuessAsync(of, mostAMinute));

    public Task GiveBackGuessAsync(string of) => AskAsync(async () =>
    {
        await table.GiveBackGuessAsync(of).ConfigureAwait(false);
        return true;
    });

    public async Task<ClusterView?> DescribeAsync(CancellationToken cancellationToken)
    {
        try
        {
            IReadOnlyList<NodeRow> rows = await table.ListAsync(cancellationToken).ConfigureAwait(false);
            return new ClusterView(options.NodeName, [.. rows.Select(row => new NodeView(
                row.Name, StateOf(row), Math.Max(row.RenewedAgoMs, 0), row.Owes, row.WakeLagMs))]);
        }
        catch (Exception exception) when (AuthorityFollower.IsOfDatabase(exception))
        {
            return new ClusterView(options.NodeName, []);
        }

        static string StateOf(NodeRow row) =>
            row.HasEnded ? "gone" : row.RenewedAgoMs > row.LeaseMs + LateMs ? "late" : "serving";
    }

    private async Task<bool> AskAsync(Func<Task<bool>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (Exception exception) when (AuthorityFollower.IsOfDatabase(exception))
        {
            throw new ShareRpcException(ErrorCode.StorageUnavailable) { RetryAfter = options.RetryAfter };
        }
    }

    /// <summary>
    /// Takes a new transaction id after the commit, and waits until every transaction with a lower one is over: those
    /// may have read the ref as it was.
    /// </summary>
    private async Task WaitForOthersTransactionsAsync(long committed)
    {
        string id = await table.TakeTransactionIdAsync(CancellationToken.None).ConfigureAwait(false);
        while (!await table.IsPassedAsync(id, CancellationToken.None).ConfigureAwait(false))
        {
            if (clock.GetElapsedTime(committed) > options.Grace) throw new TimeoutException();
            await Task.Delay(options.LookEvery, clock).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Waits until each node has confirmed what was committed, or its lease is over since the commit: then it has read
    /// the change, or serves no more.
    /// </summary>
    private async Task WaitForNodesAsync(long committed)
    {
        string? snapshot = null;
        IReadOnlyList<(long Key, int LeaseMs)> owing;
        while (true)
        {
            (snapshot, owing) = await table.ReadOwingAsync(snapshot, CancellationToken.None).ConfigureAwait(false);
            TimeSpan waited = clock.GetElapsedTime(committed);
            if (owing.All(node => waited >= TimeSpan.FromMilliseconds(node.LeaseMs) + options.Margin)) return;
            await Task.Delay(options.LookEvery, clock).ConfigureAwait(false);
        }
    }
}
