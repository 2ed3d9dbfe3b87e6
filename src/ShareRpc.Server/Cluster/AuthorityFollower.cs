using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Cluster;

/// <summary>
/// Keeps the node registered and its lease renewed. A round reads what has changed since the last one, applies it to
/// the live authorities, extends the lease, and confirms it in the next round, at once if there was anything.
/// </summary>
internal sealed class AuthorityFollower(
    NodeTable table, AuthorityLease lease, AppliedChanges applied, ClusterClock clock, ClusterOptions options,
    ILogger<AuthorityFollower> log, IHostApplicationLifetime? host = null)
    : IServerLoop
{
    public const string Channel = "sharerpc_authority";

    private readonly Hint hint = new();
    private long key;
    private long renewals;
    private string snapshot = "";
    private long renewedAt;
    private bool isCutOff;

    public string Name => "authority";

    /// <summary>Gets the key of the node's row; 0 before it has one.</summary>
    public long NodeKey => Interlocked.Read(ref key);

    /// <summary>Gets or sets how long wakes take to get here, for others to see.</summary>
    public double? WakeLagMs { get; set; }

    /// <summary>Looks for changes at once.</summary>
    public void LookNow() => hint.Give();

    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        await RegisterAsync(cancellationToken).ConfigureAwait(false);
        await RoundAsync(cancellationToken).ConfigureAwait(false);
    }

    public async Task LeaveAsync()
    {
        lease.End();
        if (key == 0) return;
        try
        {
            using var patience = new CancellationTokenSource(lease.Length, clock);
            await table.EndAsync(key, renewals, patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsOfDatabase(exception))
        {
            // The others wait for the end of the lease.
        }
    }

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        while (true)
        {
            stopping.ThrowIfCancellationRequested();
            try
            {
                bool hasChanges = await RoundAsync(stopping).ConfigureAwait(false);
                if (isCutOff) log.NodeIsBack();
                isCutOff = false;
                succeeded();
                if (!hasChanges) await hint.WaitAsync(options.RenewEvery, clock, stopping).ConfigureAwait(false);
            }
            catch (Exception exception) when (IsOfDatabase(exception) && !stopping.IsCancellationRequested)
            {
                if (!isCutOff) log.NodeCutOff(exception);
                isCutOff = true;
                await table.ReconnectAsync().ConfigureAwait(false);
                await Task.Delay(options.RetryAfter, clock, stopping).ConfigureAwait(false);
            }
        }
    }

    public static bool IsOfDatabase(Exception exception) =>
        exception is NpgsqlException or StorageException or OperationCanceledException or TimeoutException
            or IOException or InvalidOperationException or ObjectDisposedException;

    /// <summary>Returns whether there were changes, which are to be confirmed.</summary>
    private async Task<bool> RoundAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(lease.Length, clock);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        long asked = clock.GetTimestamp();
        bool isKnown = key != 0 && clock.GetElapsedTime(renewedAt, asked) < NodeTable.KeepChanges / 2;
        Renewal? renewal = !isKnown ? null
            : await table.RenewAsync(key, renewals, snapshot, WakeLagMs, ending.Token).ConfigureAwait(false);
        if (renewal is null)
        {
            // Another node saw the lease end, an answer was lost, or the primary is one that knows less.
            await RegisterAsync(ending.Token).ConfigureAwait(false);
            await applied.ReloadAsync(table, ending.Token).ConfigureAwait(false);
            log.NodeRegisteredAgain();
            return true;
        }

        if (renewal.IsOtherSchema)
        {
            lease.End();
            log.OtherSchema();
            host?.StopApplication();
            return false;
        }

        clock.Set(renewal.DatabaseMs, asked, clock.GetTimestamp());
        applied.Apply(renewal.Changes);
        renewals++;
        (snapshot, renewedAt) = (renewal.Snapshot, asked);
        lease.Extend(asked);
        return renewal.Changes.Count > 0;
    }

    private async Task RegisterAsync(CancellationToken cancellationToken)
    {
        lease.End();
        long asked = clock.GetTimestamp();
        (long newKey, snapshot) = await table.RegisterAsync(options.NodeName, lease.Length, key, cancellationToken)
            .ConfigureAwait(false);
        (renewals, renewedAt) = (0, asked);
        Interlocked.Exchange(ref key, newKey);
    }
}
