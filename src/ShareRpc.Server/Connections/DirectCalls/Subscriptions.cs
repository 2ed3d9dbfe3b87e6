using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>
/// The subscriptions of one connection. <c>subscribe</c> is a call of the RPC layer; its pages pass that by: they are
/// encoded once for all readers, and leave one at a time by <see cref="MessageSocket"/>. Any thread.
/// </summary>
internal sealed class Subscriptions(
    SessionState session, ShareReads reads, ProtocolLimits limits, TimeProvider time, CallLedger ledger,
    UnsentMemory unsent) : ISubscriptions, IPageRoom, IDisposable
{
    private readonly Lock gate = new();
    private readonly List<Subscription> live = [];
    private readonly SemaphoreSlim turn = new(1);
    private long reserved;

    public ShareReads Reads => reads;

    public TimeProvider Time => time;

    /// <summary>Gets how long a subscriber hears nothing at most, in milliseconds.</summary>
    public int SilenceMs => limits.WaitMs;

    public int MaxCredit => limits.CreditBytes;

    public bool IsDraining { get; private set; }

    /// <summary>Sends a whole message and calls back on its turn; set before the first call.</summary>
    public Func<ReadOnlyMemory<byte>, Action?, ValueTask> SendAsync { get; set; } = null!;

    public async Task<OpPage> FollowAsync(AuthorityHold hold, ShareFeed feed, SubscribeRequest request,
        PageSink? sink, CancellationToken cancellationToken)
    {
        hold.Authority.Demand(Rights.Read);
        bool isCredit = request.Credit >= 1 && request.Credit <= limits.CreditBytes;
        if (request.After < 0 || !isCredit) throw new ShareRpcException(ErrorCode.InvalidParams);
        using SessionState.WaitingRead waiting = session.BeginWaitingRead();
        var wish = new PageWish(
            request.Subscription ?? 0, request.After, Math.Min(limits.PageBytes, request.Credit));
        using var subscription = new Subscription(this, hold, feed, wish, request.Credit, sink, cancellationToken);
        Add(subscription, isNamed: sink is null);
        try
        {
            return await subscription.RunAsync().ConfigureAwait(false);
        }
        finally
        {
            lock (gate) live.Remove(subscription);
        }
    }

    public void GiveCredit(CreditRequest request)
    {
        Subscription? named;
        lock (gate) named = live.Find(one => one.Number == (request.Subscription ?? 0));
        if (request.Bytes > 0) named?.Give(request.Bytes);
    }

    public void WakeAll()
    {
        Subscription[] all;
        lock (gate) all = [.. live];
        foreach (Subscription one in all) one.Wake();
    }

    public void Drain()
    {
        IsDraining = true;
        WakeAll();
    }

    /// <summary>Takes the connection's turn to read and send a page; a peer that does not read holds one.</summary>
    public Task BeginPageAsync() => turn.WaitAsync();

    public void EndPage()
    {
        GiveReserved();
        turn.Release();
    }

    /// <summary>Counts a page that is being made, for who has the turn.</summary>
    public bool TryReserve(long bytes)
    {
        if (!unsent.TryTake(bytes)) return false;
        reserved += bytes;
        return true;
    }

    /// <summary>Sends a page on its turn, after a last look; throws what that throws.</summary>
    public async ValueTask PushAsync(SharedPage page, Action lastLook)
    {
        GiveReserved();
        if (!unsent.TryTake(page.Message.Length)) throw RpcErrors.Overloaded;
        ledger.BeginSend(page);
        try
        {
            await SendAsync(page.Message, lastLook).ConfigureAwait(false);
        }
        finally
        {
            ledger.EndSend(page);
            unsent.Give(page.Message.Length);
        }
    }

    public void Dispose() => WakeAll();

    private void GiveReserved()
    {
        if (reserved > 0) unsent.Give(reserved);
        reserved = 0;
    }

    private void Add(Subscription subscription, bool isNamed)
    {
        lock (gate)
        {
            if (isNamed && live.Exists(one => one.Number == subscription.Number))
                throw new ShareRpcException(ErrorCode.InvalidParams);
            live.Add(subscription);
        }
    }
}
