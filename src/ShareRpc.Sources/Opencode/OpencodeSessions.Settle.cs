namespace ShareRpc.Sources.Opencode;

/// <summary>Waiting until everything has arrived, and making sure of it where others write too.</summary>
public sealed partial class OpencodeSessions
{
    // Two writers that correct each other take turns once; more rounds than this means that the session is simply being written.
    private const int MaxRounds = 10;

    private long checkedAt;

    /// <summary>
    /// Ends when the server has everything that was read: acknowledged, or refused for good. Where others write to a share too, it ends
    /// when the share holds the rows as they are.
    /// </summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        for (int round = 0; round < MaxRounds; round++)
        {
            List<OpencodeSync> due = [.. syncs.Values.Where(sync => sync.NeedsCheck)];
            if (due.Count == 0) return;
            foreach (OpencodeSync sync in due) await CheckAsync(sync, cancellationToken).ConfigureAwait(false);
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CheckIdleAsync(CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(checkedAt) < options.CheckInterval) return;
        checkedAt = time.GetTimestamp();
        foreach (OpencodeSync sync in syncs.Values.Where(sync => sync.NeedsCheck && sync.IsDrained).ToList())
            await CheckAsync(sync, cancellationToken).ConfigureAwait(false);
    }

    private async Task CheckAsync(OpencodeSync sync, CancellationToken cancellationToken)
    {
        using (await SyncLock.TakeAsync(options.LockPath, time, cancellationToken).ConfigureAwait(false))
            await sync.CheckAsync(Opened(), cancellationToken).ConfigureAwait(false);
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        foreach (OpencodeSync sync in syncs.Values.ToList()) await sync.Writer.FlushAsync(cancellationToken).ConfigureAwait(false);
    }
}
