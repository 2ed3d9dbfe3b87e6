using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Maintenance;

/// <summary>Deletes long-ended grants in small steps.</summary>
internal sealed class GrantSweeper(CommitQueue queue, ServerLimits limits, TimeProvider time) : IServerLoop
{
    private const int RowsAtOnce = 500;

    public string Name => "grants";

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
                // Busy, draining or disk full: retried next round.
            }

            succeeded();
            await next.ConfigureAwait(false);
        }
    }

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
