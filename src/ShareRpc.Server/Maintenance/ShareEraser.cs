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
    private readonly Channel<bool> wakes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public string Name => "erase";

    public void Wake() => wakes.Writer.TryWrite(true);

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        Wake();
        while (await wakes.Reader.WaitToReadAsync(stopping).ConfigureAwait(false))
        {
            wakes.Reader.TryRead(out _);
            try
            {
                while (await NextAsync() is { } shareKey) await EraseAsync(shareKey, stopping).ConfigureAwait(false);
                succeeded();
            }
            catch (Exception exception) when (exception is StorageException or ShareRpcException { IsTransient: true })
            {
                log.EraseFailed(exception);
                await Task.Delay(limits.StorageRetryAfter, time, stopping).ConfigureAwait(false);
                Wake();
            }
        }
    }

    private async ValueTask<long?> NextAsync()
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        return await snapshot.FindUnerasedShareAsync();
    }

    private async Task EraseAsync(long shareKey, CancellationToken stopping)
    {
        bool isErased = false;
        while (!isErased)
        {
            stopping.ThrowIfCancellationRequested();
            isErased = await CommitAsync(
                scope => scope.Transaction.EraseShareAsync(shareKey, RowsAtOnce, BytesAtOnce)).ConfigureAwait(false);
        }

        // After the store, so that a damaged index holds up nothing but its own.
        while (!await index.EraseAsync(shareKey, RowsAtOnce)) stopping.ThrowIfCancellationRequested();
        while (true)
        {
            Task<bool> purge = store.PurgeAsync();
            await CommitAsync(_ => ValueTask.FromResult(true)).ConfigureAwait(false);
            if (await purge.ConfigureAwait(false) && await index.PurgeAsync().ConfigureAwait(false)) break;
            await Task.Delay(limits.StorageRetryAfter, time, stopping).ConfigureAwait(false);
        }

        await CommitAsync(scope =>
        {
            scope.Transaction.SetErased(shareKey);
            return ValueTask.FromResult(true);
        }).ConfigureAwait(false);
    }

    private Task<bool> CommitAsync(Func<CommitScope, ValueTask<bool>> execute)
    {
        var work = new CommitWork<bool>(execute) { IsBackground = true };
        queue.Enqueue(work);
        return work.Completion;
    }
}
