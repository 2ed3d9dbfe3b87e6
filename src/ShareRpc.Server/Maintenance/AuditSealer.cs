using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Maintenance;

/// <summary>
/// Seals new audit entries into a chain of segments, so that what is changed or removed shows, and removes whole
/// segments that are older than the trail is kept.
/// </summary>
internal sealed class AuditSealer(
    IShareStore store, CommitQueue queue, ServerOptions options, AuditKeys keys, TimeProvider time) : IServerLoop
{
    private const int EntriesAtOnce = 500;
    private readonly ServerLimits limits = options.ServerLimits;

    public string Name => "audit seal";

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(limits.AuditSealInterval, time, stopping).ConfigureAwait(false);
            try
            {
                await SealAsync().ConfigureAwait(false);
                await RemoveOldAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (error is StorageException or ShareRpcException { IsTransient: true })
            {
                // Busy, draining or disk full: the next round goes on.
            }

            succeeded();
        }
    }

    /// <summary>Seals what is in the trail.</summary>
    public async Task SealAsync()
    {
        while (await ReadAsync(snapshot => snapshot.SealAuditAsync(EntriesAtOnce)) is { } seal)
            await CommitAsync(transaction => transaction.InsertSeal(keys.Sign(seal))).ConfigureAwait(false);
    }

    /// <summary>Removes segments whose entries are all too old.</summary>
    public async Task RemoveOldAsync()
    {
        if (options.KeepAudit is not { } keep) return;
        long before = (time.GetUtcNow() - keep).ToUnixTimeMilliseconds();
        while (await ReadAsync(snapshot => snapshot.FindOldestSealAsync()) is { } oldest && oldest.NewestMs < before)
            await CommitAsync(transaction => transaction.RemoveSegment(keys.SignRemoval(oldest))).ConfigureAwait(false);
    }

    private async ValueTask<AuditSeal?> ReadAsync(Func<IReadSnapshot, ValueTask<AuditSeal?>> read)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        return await read(snapshot);
    }

    private Task CommitAsync(Action<IWriteTransaction> write)
    {
        var work = new CommitWork<bool>(scope =>
        {
            write(scope.Transaction);
            return ValueTask.FromResult(true);
        }) { IsBackground = true };
        queue.Enqueue(work);
        return work.Completion;
    }
}
