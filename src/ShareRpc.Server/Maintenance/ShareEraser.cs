using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Maintenance;

/// <summary>
/// Erases deleted shares in small steps, and then what is left of them in the files of the store; continues after
/// restarts.
/// </summary>
internal sealed class ShareEraser(
    IShareStore store, ISearchIndex index, CommitQueue queue, ServerLimits limits, TimeProvider time,
    ILogger<ShareEraser> log)
    : IServerLoop
{
    // About a millisecond of the commit thread.
    private const int RowsAtOnce = 100;
    private const long BytesAtOnce = 128 * 1024;

    /// <summary>Shares of a round, which are purged together.</summary>
    private const int SharesAtOnce = 256;

    /// <summary>A round ends after so many failures: they may be of the store, not of the shares.</summary>
    private const int MostFailures = 3;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>Of what the store has nothing left, and of that the index neither.</summary>
    private readonly HashSet<long> purged = [], cleared = [];
    private readonly Channel<bool> wakes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>The share after which the next round begins.</summary>
    private long at;

    public string Name => "erase";

    public void Wake() => wakes.Writer.TryWrite(true);

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        Wake();
        TimeSpan pause = TimeSpan.Zero;
        while (await wakes.Reader.WaitToReadAsync(stopping).ConfigureAwait(false))
        {
            wakes.Reader.TryRead(out _);
            var failures = new List<Exception>();
            bool isPart = at > 0, isHeldUp;
            try
            {
                isHeldUp = await EraseSomeAsync(failures, stopping).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is StorageException or ShareRpcException { IsTransient: true })
            {
                failures.Add(exception);
                isHeldUp = true;
            }

            if (failures.Count == 0) succeeded();
            else log.EraseFailed(failures[0]);
            pause = failures.Count > 0 || !isHeldUp || pause == TimeSpan.Zero ? limits.StorageRetryAfter
                : TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, LongestPause.Ticks));
            isHeldUp |= failures.Count > 0;
            if (isHeldUp) await PauseAsync(pause, stopping).ConfigureAwait(false);
            else pause = TimeSpan.Zero;
            if (isHeldUp || isPart || at > 0) Wake();
        }
    }

    /// <summary>Waits, until something else is deleted.</summary>
    private async Task PauseAsync(TimeSpan pause, CancellationToken stopping)
    {
        using var pausing = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Task over = Task.Delay(pause, time, pausing.Token);
        Task<bool> wake = wakes.Reader.WaitToReadAsync(stopping).AsTask();
        await (await Task.WhenAny(over, wake).ConfigureAwait(false)).ConfigureAwait(false);
        await pausing.CancelAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Erases some shares, each of which fails alone. Returns whether one must wait, as for a reader of the log.
    /// </summary>
    private async Task<bool> EraseSomeAsync(List<Exception> failures, CancellationToken stopping)
    {
        var emptied = new List<long>();
        while (emptied.Count < SharesAtOnce && failures.Count < MostFailures)
        {
            at = await NextAsync(at).ConfigureAwait(false) ?? 0;
            if (at == 0) break;
            long shareKey = at;
            if (await TryAsync(() => EmptyAsync(shareKey, stopping), failures).ConfigureAwait(false))
                emptied.Add(shareKey);
        }

        if (!emptied.TrueForAll(purged.Contains))
        {
            Task<bool> purge = store.PurgeAsync();
            await CommitAsync(_ => ValueTask.FromResult(true)).ConfigureAwait(false);
            if (!await purge.ConfigureAwait(false)) return true;
            purged.UnionWith(emptied);
        }

        // After the store, so that a damaged index holds up nothing but its own.
        var left = new List<long>();
        foreach (long shareKey in emptied)
        {
            if (await TryAsync(() => EraseIndexAsync(shareKey, stopping), failures).ConfigureAwait(false))
                left.Add(shareKey);
        }

        if (left.Count == 0) return false;
        if (!await index.PurgeAsync(stopping).ConfigureAwait(false)) return true;
        foreach (long shareKey in left)
        {
            await CommitAsync(scope =>
            {
                scope.Transaction.SetErased(shareKey);
                return ValueTask.FromResult(true);
            }).ConfigureAwait(false);
            purged.Remove(shareKey);
            cleared.Remove(shareKey);
        }

        return false;
    }

    private async ValueTask<long?> NextAsync(long after)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        return await snapshot.FindUnerasedShareAsync(after);
    }

    private async Task<bool> EmptyAsync(long shareKey, CancellationToken stopping)
    {
        bool isErased = purged.Contains(shareKey);
        while (!isErased)
        {
            stopping.ThrowIfCancellationRequested();
            isErased = await CommitAsync(
                scope => scope.Transaction.EraseShareAsync(shareKey, RowsAtOnce, BytesAtOnce)).ConfigureAwait(false);
        }

        return true;
    }

    private async Task<bool> EraseIndexAsync(long shareKey, CancellationToken stopping)
    {
        bool isCleared = cleared.Contains(shareKey);
        while (!isCleared)
        {
            stopping.ThrowIfCancellationRequested();
            isCleared = await index.EraseAsync(shareKey, RowsAtOnce).ConfigureAwait(false);
        }

        return cleared.Add(shareKey) || isCleared;
    }

    private static async Task<bool> TryAsync(Func<Task<bool>> work, List<Exception> failures)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            failures.Add(exception);
            return false;
        }
    }

    private Task<bool> CommitAsync(Func<CommitScope, ValueTask<bool>> execute)
    {
        var work = new CommitWork<bool>(execute) { IsBackground = true };
        queue.Enqueue(work);
        return work.Completion;
    }
}
