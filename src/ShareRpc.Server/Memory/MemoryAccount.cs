namespace ShareRpc.Server.Memory;

/// <summary>What one message, body or connection of a peer holds of the budget. One user at a time.</summary>
internal sealed class MemoryAccount(MemoryBudget budget, MemoryPeer peer, Action cutOff) : IDisposable
{
    private long arrived;
    private long seen;
    private int isReceiving;

    /// <summary>Returns what it holds.</summary>
    public long Held { get; internal set; }

    /// <summary>Returns true between <see cref="BeginReceiving"/> and <see cref="EndReceiving"/>.</summary>
    public bool IsReceiving => Volatile.Read(ref isReceiving) != 0;

    internal MemoryPeer Peer => peer;

    /// <summary>True once it is disposed: nothing counts any more, and nothing is given.</summary>
    internal bool IsClosed { get; set; }

    /// <summary>What of it is a connection by itself.</summary>
    internal long Connected { get; set; }

    /// <summary>What of it is the reserve.</summary>
    internal long Reserved { get; set; }

    /// <summary>Gets or sets whether it holds what a step may need at most, which leaves less garbage behind.</summary>
    internal bool IsEstimate { get; set; }

    internal int SlowRounds { get; private set; }

    /// <summary>Takes bytes that are free; false when they are not, or belong to others.</summary>
    public bool TryGrow(long bytes) => budget.TryGrow(this, bytes);

    /// <summary>
    /// Takes bytes, waiting <c>memory_wait</c> for them at the most; false when there was no room in time.
    /// </summary>
    public ValueTask<bool> GrowAsync(long bytes, CancellationToken cancellationToken) =>
        budget.GrowAsync(this, bytes, cancellationToken);

    /// <summary>
    /// Takes what a connection needs by itself, until it is disposed; false when there is no room at all. Messages
    /// leave some for it.
    /// </summary>
    public bool TryConnect(long bytes) => budget.TryHold(this, bytes, isConnection: true);

    /// <summary>
    /// Takes what the server itself needs for a moment, for one of a bounded number of steps; false when there is no
    /// room at all.
    /// </summary>
    public bool TryHold(long bytes) => budget.TryHold(this, bytes, isConnection: false);

    /// <summary>Takes bytes that are there already, whatever is free.</summary>
    public void Force(long bytes) => budget.Force(this, bytes);

    public void Shrink(long bytes) => budget.Shrink(this, bytes);

    /// <summary>Something is expected from the peer from now on, and <see cref="NoteArrived"/> tells of it.</summary>
    public void BeginReceiving()
    {
        SlowRounds = 0;
        Volatile.Write(ref isReceiving, 1);
    }

    public void NoteArrived(int bytes) => Interlocked.Add(ref arrived, bytes);

    public void EndReceiving() => Volatile.Write(ref isReceiving, 0);

    public void Dispose() => budget.Close(this);

    internal void CutOff() => cutOff();

    /// <summary>
    /// Returns true when less has arrived since the last time that this was asked; counts those in a row.
    /// </summary>
    internal bool IsSlower(long bytes)
    {
        long now = Interlocked.Read(ref arrived);
        bool isSlow = IsReceiving && now - seen < bytes;
        seen = now;
        SlowRounds = isSlow ? SlowRounds + 1 : 0;
        return isSlow;
    }
}

/// <summary>Those behind one IPv4 address, or one network of IPv6. Under the lock of the budget.</summary>
internal sealed class MemoryPeer(string network)
{
    public string Network => network;

    public HashSet<MemoryAccount> Accounts { get; } = [];

    public long Held { get; set; }

    /// <summary>When it had the reserve last, in turns.</summary>
    public long ReserveTurn { get; set; }
}

/// <summary>Somebody who waits for room.</summary>
internal sealed class MemoryWaiter(MemoryAccount account, long bytes)
{
    public MemoryAccount Account => account;

    public long Bytes => bytes;

    public long Excess { get; set; }

    public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
