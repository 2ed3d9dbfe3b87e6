using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Maintenance;

/// <summary>Erases deleted shares in small steps; continues after restarts.</summary>
internal sealed class ShareEraser(IShareStore store, CommitQueue queue, ServerLimits limits, TimeProvider time,
    ILogger<ShareEraser> log)
    : IServerLoop
{
    private const int RowsAtOnce = 2_000;
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
                while (await NextAsync() is { } shareKey) await EraseSomeAsync(shareKey).ConfigureAwait(false);
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

    private async Task EraseSomeAsync(long shareKey)
    {
        var work = new CommitWork<bool>(scope => scope.Transaction.EraseShareAsync(shareKey, RowsAtOnce));
        queue.Enqueue(work);
        await work.Completion.ConfigureAwait(false);
    }
}
