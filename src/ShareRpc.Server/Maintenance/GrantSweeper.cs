using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Maintenance;

/// <summary>Deletes long-ended grants in small steps.</summary>
internal sealed class GrantSweeper(IShareStore store, CommitQueue queue, ServerLimits limits, TimeProvider time)
    : IServerLoop
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
            catch (Exception error) when (error is StorageException or ShareRpcException { IsTransient: true })
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
        while (await HasEndedAsync(before).ConfigureAwait(false))
        {
            var work = new CommitWork<bool>(scope => scope.Transaction.DeleteGrantsAsync(before, RowsAtOnce))
            {
                IsBackground = true,
            };
            queue.Enqueue(work);
            await work.Completion.ConfigureAwait(false);
        }
    }

    private async ValueTask<bool> HasEndedAsync(long beforeMs)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        return await snapshot.HasEndedGrantsAsync(beforeMs);
    }
}
