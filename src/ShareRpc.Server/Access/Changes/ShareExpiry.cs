using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Access.Changes;

/// <summary>
/// Deletes shares to which nothing was appended, and which no owner has kept, for as long as they are kept
/// (<c>keep_shares</c>), by a restore's time at the earliest.
/// </summary>
internal sealed class ShareExpiry(
    IShareStore store, CapabilityAdmin admin, ServerOptions options, ServerLimits limits, TimeProvider time,
    ILogger<ShareExpiry> log) : IServerLoop
{
    private const int SharesAtOnce = 200;

    public string Name => options.KeepShares is null ? "" : "expiry";

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        while (true)
        {
            // First, so that there is time to stop a server whose setting, clock or data is wrong.
            await Task.Delay(limits.GrantSweepInterval, time, stopping).ConfigureAwait(false);
            try
            {
                await SweepAsync(stopping).ConfigureAwait(false);
            }
            catch (Exception error) when (error is StorageException or ShareRpcException { IsTransient: true })
            {
                // Busy, draining or disk full: retried next round.
            }

            succeeded();
        }
    }

    public async Task SweepAsync(CancellationToken stopping)
    {
        if (options.KeepShares is not { } keep) return;
        long before = (time.GetUtcNow() - keep).ToUnixTimeMilliseconds();

        // A restore is an append to all shares: what a backup shows as idle may have been busy since.
        if (await store.ReadGenerationAsync().ConfigureAwait(false) > before) return;
        IReadOnlyList<ShareListRow> page;
        for (long after = 0; (page = await ReadAsync(after)).Count > 0; after = page[^1].Share.Key)
        {
            foreach (ShareListRow row in page)
            {
                stopping.ThrowIfCancellationRequested();
                bool isOver = row.Share.State != ShareState.Deleted
                    && Math.Max(row.LastAppendMs ?? row.Share.CreatedMs, row.Share.KeptMs) <= before;
                if (isOver && await admin.ExpireAsync(row.Share, row.Head).ConfigureAwait(false))
                    log.ShareExpired(row.Share.ShareId);
            }
        }
    }

    private async ValueTask<IReadOnlyList<ShareListRow>> ReadAsync(long after)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        return await snapshot.ReadSharesAsync(creatorKey: null, after, SharesAtOnce);
    }
}
