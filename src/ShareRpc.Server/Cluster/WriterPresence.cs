using ShareRpc.Server.Supervision;
using ShareRpc.Server.Turns;

namespace ShareRpc.Server.Cluster;

/// <summary>
/// Tells the other nodes which writers are connected here, several times in the time after which a silent writer's
/// turns are ended: another node must not end the turn of a long tool.
/// </summary>
internal sealed class WriterPresence(
    NodeTable table, LiveWriters writers, ServerLimits limits, ClusterClock clock) : IServerLoop
{
    private const int TimesInLease = 8;

    public string Name => "writers";

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(limits.TurnLease / TimesInLease, clock, stopping).ConfigureAwait(false);
            try
            {
                await TellAsync(stopping).ConfigureAwait(false);
                succeeded();
            }
            catch (Exception exception)
                when (AuthorityFollower.IsOfDatabase(exception) && !stopping.IsCancellationRequested)
            {
                // Cut off: the readiness of the node says so.
            }
        }
    }

    public async Task TellAsync(CancellationToken cancellationToken)
    {
        if (writers.Count > 0) await table.NoteWritersAsync(writers.All, cancellationToken).ConfigureAwait(false);
    }
}
