using ShareRpc.Protocol.Ops;

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
            int done = 0;
            foreach (OpencodeSync sync in syncs.Values.Where(sync => sync.NeedsCheck).ToList())
                done += await CheckAsync(sync, cancellationToken).ConfigureAwait(false) ? 1 : 0;
            if (done == 0) return;
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CheckIdleAsync(CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(checkedAt) < options.CheckInterval) return;
        checkedAt = time.GetTimestamp();
        foreach (OpencodeSync sync in syncs.Values.Where(sync => sync.NeedsCheck).ToList())
            await CheckAsync(sync, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>False when the server does not answer: there is a later time for it.</summary>
    private async Task<bool> CheckAsync(OpencodeSync sync, CancellationToken cancellationToken)
    {
        IReadOnlyList<Document>? held = await sync.ReadShareAsync(time, cancellationToken).ConfigureAwait(false);
        if (held is null) return false;
        using IDisposable turn = await SyncLock.TakeAsync(options.LockPath, time, cancellationToken).ConfigureAwait(false);
        await sync.CheckAsync(Opened(), held, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        foreach (OpencodeSync sync in syncs.Values.ToList()) await sync.Writer.FlushAsync(cancellationToken).ConfigureAwait(false);
    }
}
