using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>
/// A <c>readOps</c> from its bytes to its reply: looks, waits on the feed when there is nothing yet, and looks again when it is woken, by a
/// commit or by what ends the wait. It runs on one thread at a time.
/// </summary>
internal sealed class PendingRead(DirectCallDispatcher calls, ShareReads reads, ParsedCall call, Authority authority) : FeedWaiter
{
    private readonly ReadOpsRequest request = call.Read!;
    private readonly ShareFeed feed = call.Handle.Feed;
    private volatile bool isCancelled;
    private volatile bool isOver;

    /// <summary>The request's id as it was written.</summary>
    public byte[] Id => call.Id;

    /// <summary>When the wait ends, by the clock's timestamps; null for a read that does not wait.</summary>
    public long? Deadline { get; init; }

    public bool Waits => Deadline is not null;

    /// <summary>The peer wants no answer any more.</summary>
    public void Cancel()
    {
        isCancelled = true;
        Wake();
    }

    /// <summary>The time is over: what there is now is the answer.</summary>
    public void EndWait()
    {
        isOver = true;
        Wake();
    }

    /// <summary>Looks again now, if it waits.</summary>
    public void Wake()
    {
        feed.Forget(this);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Answers, or waits.</summary>
    public void Begin() => Look();

    protected override void Look() => _ = LookAsync();

    /// <summary>Ends on this thread, and allocates nothing for that, unless the store waits.</summary>
    private async Task LookAsync()
    {
        while (true)
        {
            bool mustEnd = MustEnd;
            if (await TryAnswerAsync(mustEnd).ConfigureAwait(false)) return;
            if (!feed.TryWait(this, request.After)) continue;

            // What happened before it was listed has woken nobody.
            if (!(MustEnd || authority.Denied.IsCancellationRequested) || !TryEndWait()) return;
            feed.Forget(this);
        }
    }

    private bool MustEnd => isCancelled || isOver || calls.IsDraining || calls.IsClosed;

    /// <summary>False when there is nothing yet and it may wait.</summary>
    private async ValueTask<bool> TryAnswerAsync(bool mustEnd)
    {
        var reply = new ReplyBuffer();
        try
        {
            authority.Demand(Rights.Read);
            OpPage page = await reads.ReadNowAsync(authority, feed, request).ConfigureAwait(false);
            bool isEmpty = page.Ops.Count == 0 && page.Gap is null && !feed.Ended;
            if (isEmpty && Waits && !mustEnd)
            {
                reply.Dispose();
                return false;
            }

            if (isEmpty && isCancelled) ReplyWriter.WriteCancelled(reply, call.Id);
            else if (isEmpty && Waits && calls.IsDraining) throw new ShareRpcException(ErrorCode.Draining);
            else ReplyWriter.Write(reply, call.Id, page);
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
