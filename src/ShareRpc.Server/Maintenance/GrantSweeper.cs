using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Maintenance;

/// <summary>Deletes the rows of grants that ended long ago, some at a time, between the appends of others.</summary>
internal sealed class GrantSweeper(CommitQueue queue, ServerLimits limits, TimeProvider time) : IServerLoop
{
    private const int RowsAtOnce = 500;

    public string Name => "grants";

    /// <summary>Sweeps now and at the interval, until cancelled.</summary>
    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        while (true)
        {
            Task next = Task.Delay(limits.GrantSweepInterval, time, stopping);
            try
            {
                await SweepAsync().ConfigureAwait(false);
            }
            catch (ShareRpcException error) when (error.IsTransient)
            {
                // Busy, draining or out of disk: the next round tries again.
            }

            succeeded();
            await next.ConfigureAwait(false);
        }
    }

    /// <summary>Deletes all there is to delete.</summary>
    public async Task SweepAsync()
    {
        long before = (time.GetUtcNow() - limits.EndedGrantTime).ToUnixTimeMilliseconds();
        bool isDone = false;
        while (!isDone)
        {
            var work = new CommitWork<bool>(scope => scope.Transaction.DeleteGrantsAsync(before, RowsAtOnce))
            {
                IsBackground = true,
            };
            queue.Enqueue(work);
            isDone = await work.Completion.ConfigureAwait(false);
        }
    }
}
