using ShareRpc.Server.Access;

namespace ShareRpc.Server.Memory;

/// <summary>
/// Counts connections, messages, bodies, replies and rings (I11); what waits for the disk has a part of its own, and so
/// has garbage. A peer may hold as much as it leaves free, so that there is always room for others. One reserve, large
/// enough for a whole message, goes round among those that find no room: one at a time can always finish. Any thread.
/// </summary>
internal sealed class MemoryBudget : IDisposable
{
    /// <summary>What is larger is an array of its own, and garbage when it is given back.</summary>
    private const int LargeBytes = 2 * 1024 * 1024;

    /// <summary>What a peer may always hold of what is free.</summary>
    private const int SmallBytes = 256 * 1024;

    /// <summary>The part of what is no reserve that messages leave to connections.</summary>
    private const int ForConnections = 8;

    /// <summary>The part of all for what was given back and is not collected yet.</summary>
    private const int Garbage = 8;

    private static readonly TimeSpan PressInterval = TimeSpan.FromSeconds(1);
    private readonly ServerLimits limits;
    private readonly TimeProvider time;
    private readonly long reserve;
    private readonly long common;
    private readonly Lock gate = new();
    private readonly Dictionary<string, MemoryPeer> peers = new(StringComparer.Ordinal);
    private readonly List<MemoryWaiter> waiting = [];
    private readonly HeapTrim trim;
    private long used;
    private long cached;
    private long connected;
    private MemoryAccount? reserveHolder;
    private long reserveBegan;
    private long reserveTurns;
    private long pressed;

    public MemoryBudget(ServerOptions options, TimeProvider time)
    {
        this.time = time;
        limits = options.ServerLimits;
        reserve = ReserveOf(options);
        long garbage = options.MemoryBytes / Garbage;
        common = options.MemoryBytes - reserve - options.QueueBytes - garbage;
        trim = new HeapTrim(garbage, time, OnCollected);
    }

    /// <summary>Gives back that many cached bytes, if there are; the cache sets it.</summary>
    public Action<long> Evict { get; set; } = _ => { };

    /// <summary>Returns what is kept now, caches included.</summary>
    public long Used
    {
        get
        {
            lock (gate) return used + cached + (reserveHolder?.Reserved ?? 0);
        }
    }

    /// <summary>Returns what caches keep now.</summary>
    public long Cached
    {
        get
        {
            lock (gate) return cached;
        }
    }

    /// <summary>Returns the reserve: a whole message while its buffer grows, and the ops made of it.</summary>
    public static long ReserveOf(ServerOptions options) => (long)options.Limits.FrameBytes * 5 / 2;

    /// <summary>Opens an account for something of a peer; dispose it to give back what it holds.</summary>
    /// <param name="address">Where the peer is; a network of IPv6 is one peer.</param>
    /// <param name="cutOff">Called when others wait for memory and this one brings nothing.</param>
    public MemoryAccount Open(string? address, Action? cutOff = null)
    {
        string network = ClientAddress.NetworkOf(address);
        lock (gate)
        {
            if (!peers.TryGetValue(network, out MemoryPeer? peer)) peers.Add(network, peer = new MemoryPeer(network));
            var account = new MemoryAccount(this, peer, cutOff ?? (() => { }));
            peer.Accounts.Add(account);
            return account;
        }
    }

    /// <summary>Returns whether so many bytes are free.</summary>
    public bool HasRoom(long bytes)
    {
        lock (gate) return used + bytes <= common;
    }

    /// <summary>Takes bytes for a cache, if they are free and the caches have no half of the budget.</summary>
    public bool TryCache(long bytes)
    {
        lock (gate)
        {
            if (used + cached + bytes > common || cached + bytes > common / 2) return false;
            cached += bytes;
            return true;
        }
    }

    public void ReleaseCached(long bytes)
    {
        lock (gate)
        {
            cached -= bytes;
            Admit();
        }

        trim.NoteReleased(bytes, Used);
    }

    public void Dispose() => trim.Dispose();

    internal bool TryGrow(MemoryAccount account, long bytes)
    {
        long excess;
        lock (gate)
        {
            if (!Fits(account, bytes)) return false;
            excess = Take(account, bytes);
        }

        if (excess > 0) Evict(excess);
        return true;
    }

    internal bool TryHold(MemoryAccount account, long bytes, bool isConnection)
    {
        long excess;
        lock (gate)
        {
            if (account.IsClosed || used + bytes > common) return false;
            if (isConnection)
            {
                account.Connected += bytes;
                connected += bytes;
            }
            else
            {
                account.IsEstimate = true;
            }

            excess = Take(account, bytes);
        }

        if (excess > 0) Evict(excess);
        return true;
    }

    internal void Force(MemoryAccount account, long bytes)
    {
        lock (gate)
        {
            if (!account.IsClosed) _ = Take(account, bytes);
        }
    }

    internal async ValueTask<bool> GrowAsync(MemoryAccount account, long bytes, CancellationToken cancellationToken)
    {
        if (!MustWait(bytes) && TryGrow(account, bytes)) return true;
        var waiter = new MemoryWaiter(account, bytes);
        lock (gate)
        {
            waiting.Add(waiter);
            Admit();
        }

        long began = time.GetTimestamp();
        while (true)
        {
            TimeSpan left = limits.MemoryWait - time.GetElapsedTime(began);
            TimeSpan step = left < PressInterval ? left : PressInterval;
            if (step < TimeSpan.Zero) step = TimeSpan.Zero;
            try
            {
                await waiter.Turn.Task.WaitAsync(step, time, cancellationToken).ConfigureAwait(false);
                if (waiter.Excess > 0) Evict(waiter.Excess);
                return true;
            }
            catch (TimeoutException) when (left > PressInterval)
            {
                Press();
            }
            catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
            {
                lock (gate)
                {
                    // It may have got its turn meanwhile; then it has the bytes, and gives them back with all others.
                    if (!waiting.Remove(waiter) && exception is TimeoutException) return true;
                }

                if (exception is OperationCanceledException) throw;
                return false;
            }
        }
    }

    internal void Shrink(MemoryAccount account, long bytes)
    {
        lock (gate)
        {
            bytes = Math.Min(bytes, account.Held);
            if (bytes == 0) return;
            account.Held -= bytes;
            long fromConnected = Math.Max(0, account.Connected - account.Held);
            account.Connected -= fromConnected;
            connected -= fromConnected;
            account.Peer.Held -= bytes;
            long fromReserve = Math.Min(bytes, account.Reserved);
            account.Reserved -= fromReserve;
            used -= bytes - fromReserve;
            if (account == reserveHolder && account.Reserved == 0) reserveHolder = null;
            Admit();
        }

        if (!account.IsEstimate) trim.NoteReleased(bytes, Used);
    }

    internal void Close(MemoryAccount account)
    {
        lock (gate) account.IsClosed = true;
        Shrink(account, long.MaxValue);
        lock (gate)
        {
            if (!account.Peer.Accounts.Remove(account) || account.Peer.Accounts.Count > 0) return;
            peers.Remove(account.Peer.Network);
        }
    }

    private bool Fits(MemoryAccount account, long bytes)
    {
        if (account.IsClosed) return false;
        if (account == reserveHolder && account.Reserved + bytes <= reserve) return true;
        long free = common - used - bytes - Math.Max(0, (common / ForConnections) - connected);
        long held = account.Peer.Held + bytes;
        return free >= 0 && (held <= free || held <= SmallBytes);
    }

    /// <summary>Returns whether what was given back is still there, and goes before large arrays are made.</summary>
    private bool MustWait(long bytes) => bytes > LargeBytes && trim.IsDue;

    /// <summary>Returns how many bytes of caches must go for it.</summary>
    private long Take(MemoryAccount account, long bytes)
    {
        account.Held += bytes;
        account.Peer.Held += bytes;
        if (account == reserveHolder && account.Reserved + bytes <= reserve)
        {
            account.Reserved += bytes;
            return 0;
        }

        used += bytes;
        return used + cached - common;
    }

    private void OnCollected()
    {
        lock (gate) Admit();
    }

    /// <summary>
    /// Lets in who fits now, and gives the reserve, when it is free, to the peer that had it longest ago.
    /// </summary>
    private void Admit()
    {
        if (waiting.Count == 0) return;
        foreach (MemoryWaiter waiter in waiting.FindAll(waiter => !MustWait(waiter.Bytes))) LetIn(waiter);
        if (reserveHolder is not null) return;
        MemoryWaiter? next =
            waiting.Where(waiter => waiter.Bytes <= reserve && !waiter.Account.IsClosed)
                .MinBy(waiter => waiter.Account.Peer.ReserveTurn);
        if (next is null) return;
        reserveHolder = next.Account;
        reserveBegan = time.GetTimestamp();
        next.Account.Peer.ReserveTurn = ++reserveTurns;
        LetIn(next);
    }

    private void LetIn(MemoryWaiter waiter)
    {
        if (!Fits(waiter.Account, waiter.Bytes)) return; // another one was let in before
        waiting.Remove(waiter);
        waiter.Excess = Take(waiter.Account, waiter.Bytes);
        waiter.Turn.SetResult();
    }

    /// <summary>
    /// Cuts off, while somebody waits, who holds memory and brings too little for it, and who has had the reserve for
    /// too long.
    /// </summary>
    private void Press()
    {
        List<MemoryAccount> slow = [];
        lock (gate)
        {
            long now = time.GetTimestamp();
            TimeSpan since = time.GetElapsedTime(pressed, now);
            if (since < PressInterval) return;
            pressed = now;
            long wanted = (long)(limits.ScarceRate * Math.Min(since.TotalSeconds, 2));
            HashSet<MemoryAccount> patient = [.. waiting.Select(waiter => waiter.Account)];
            foreach (MemoryAccount account in peers.Values.SelectMany(peer => peer.Accounts))
            {
                bool isSlow = !patient.Contains(account) && account.Held > SmallBytes / 4 && account.IsSlower(wanted);
                if (isSlow && account.SlowRounds >= limits.ScarceRounds) slow.Add(account);
            }

            bool isOver = reserveHolder is { IsReceiving: true }
                && time.GetElapsedTime(reserveBegan, now) > limits.ReserveTime;
            if (isOver && !slow.Contains(reserveHolder!)) slow.Add(reserveHolder!);
        }

        foreach (MemoryAccount account in slow) account.CutOff();
    }
}
