using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>Looks, waits on the feed, and looks again on a commit or the wait's end. One thread at a time.</summary>
internal sealed class PendingRead(DirectCallDispatcher calls, ShareReads reads, ParsedCall call, Authority authority)
    : FeedWaiter
{
    private readonly ReadOpsRequest request = call.Read!;
    private readonly ShareFeed feed = call.Handle.Feed;
    private volatile bool isCancelled;
    private volatile bool isOver;

    public byte[] Id => call.Id;

    /// <summary>Gets the end of the wait as a clock timestamp; null if the read does not wait.</summary>
    public long? Deadline { get; init; }

    public bool Waits => Deadline is not null;

    public void Cancel()
    {
        isCancelled = true;
        Wake();
    }

    public void EndWait()
    {
        isOver = true;
        Wake();
    }

    public void Wake()
    {
        feed.Forget(this);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public void Begin() => Look();

    protected override void Look() => _ = LookAsync();

    /// <summary>Allocates nothing unless the store waits.</summary>
    private async Task LookAsync()
    {
        while (true)
        {
            bool mustEnd = MustEnd;
            if (await TryAnswerAsync(mustEnd).ConfigureAwait(false)) return;
            if (!feed.TryWait(this, request.After)) continue;

            // Events before it was listed did not wake it.
            if (!(MustEnd || authority.Denied.IsCancellationRequested) || !TryEndWait()) return;
            feed.Forget(this);
        }
    }

    private bool MustEnd => isCancelled || isOver || calls.IsDraining || calls.IsClosed;

    private async ValueTask<bool> TryAnswerAsync(bool mustEnd)
    {
        await calls.PageTurn.WaitAsync().ConfigureAwait(false);
        ReplyBuffer reply = calls.BeginPage();
        try
        {
            authority.Demand(Rights.Read);
            OpPage page = await reads.ReadNowAsync(authority, feed, request, reply).ConfigureAwait(false);
            bool isEmpty = page.Ops.Count == 0 && page.Gap is null && !feed.Ended;
            if (isEmpty && Waits && !mustEnd)
            {
                reply.Dispose();
                calls.PageTurn.Release();
                return false;
            }

            if (isEmpty && isCancelled) ReplyWriter.WriteCancelled(reply, call.Id);
            else if (isEmpty && Waits && calls.IsDraining) throw new ShareRpcException(ErrorCode.Draining);
            else ReplyWriter.Write(reply, call.Id, page);
            DirectCallDispatcher.Demand(reply);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            reply.Clear(); // part of a page may be there
            calls.WriteError(reply, call, exception);
        }

        call.Handle.EndCall();
        calls.End(this, reply);
        return true;
    }
}
