using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Access;

namespace ShareRpc.Server.Connections.Handles;

/// <summary>
/// What the calls of one connection share: where it came from, the counts that bound it, and the handles that were made
/// on it. It owns the handles: the RPC layer learns of one only while it writes the reply, and a connection may break
/// before. Any thread.
/// </summary>
internal sealed class SessionState(string? address, ServerOptions options) : IDisposable
{
    private readonly Lock gate = new();
    private readonly HashSet<IDisposable> handles = new(ReferenceEqualityComparer.Instance);
    private readonly TaskCompletionSource revoked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource? waitingForProof;
    private bool hasEnded;
    private int handlesMade;
    private int waitingReads;

    /// <summary>Returns where the connection came from, as far as that is known.</summary>
    public string? Address => address;

    /// <summary>Called when an authority of this connection was taken back; set before the first call.</summary>
    public Action OnDenied { get; set; } = () => { };

    /// <summary>Returns how many handles are live here.</summary>
    public int Handles
    {
        get
        {
            lock (gate) return handles.Count;
        }
    }

    /// <summary>Ends when a grant was revoked and no other handle of the connection is live ([GRANT-6]).</summary>
    public Task Revoked => revoked.Task;

    /// <summary>Notes that an authority of this connection was taken back.</summary>
    public void NoteDenied(Authority authority)
    {
        OnDenied();
        if (!authority.Ref.IsGrant) return;
        lock (gate)
        {
            if (handles.OfType<CapabilityHandle>().All(handle => handle.IsDenied)) revoked.TrySetResult();
        }
    }

    /// <summary>Remembers the time-out that <see cref="Prove"/> ends.</summary>
    public void AwaitProof(CancellationTokenSource timeout) => waitingForProof = timeout;

    /// <summary>Notes that somebody redeemed a right token here: the connection may stay.</summary>
    public void Prove()
    {
        try
        {
            Interlocked.Exchange(ref waitingForProof, null)?.CancelAfter(Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // The connection has gone meanwhile.
        }
    }

    /// <summary>Takes a new handle over; disposes it at once when the connection has ended meanwhile.</summary>
    public T Own<T>(T handle)
        where T : IDisposable
    {
        lock (gate)
        {
            if (!hasEnded)
            {
                handles.Add(handle);
                return handle;
            }
        }

        handle.Dispose();
        return handle;
    }

    /// <summary>Forgets a handle that was disposed.</summary>
    public void Disown(IDisposable handle)
    {
        lock (gate) handles.Remove(handle);
    }

    /// <summary>Counts a handle ever made; the limit holds for the life of the connection.</summary>
    public void CountHandle()
    {
        if (!TryCountHandle()) throw new ShareRpcException(ErrorCode.TooManyHandles);
    }

    /// <summary>Returns false when as many were made as may.</summary>
    public bool TryCountHandle() => Interlocked.Increment(ref handlesMade) <= options.Limits.HandlesPerConnection;

    /// <summary>
    /// Counts a read that waits until the result is disposed. Throws <c>too_many_calls</c> when as many wait as may.
    /// </summary>
    public WaitingRead BeginWaitingRead() => TryBeginWaitingRead() ? new WaitingRead(this) : throw RpcErrors.TooManyCalls;

    /// <summary>
    /// Returns false when as many reads wait as may; otherwise end it with <see cref="EndWaitingRead"/>.
    /// </summary>
    public bool TryBeginWaitingRead()
    {
        if (Interlocked.Increment(ref waitingReads) <= options.Limits.WaitingReads) return true;
        Interlocked.Decrement(ref waitingReads);
        return false;
    }

    public void EndWaitingRead() => Interlocked.Decrement(ref waitingReads);

    /// <summary>Ends the connection's handles, also those that are made after this.</summary>
    public void Dispose()
    {
        IDisposable[] live;
        lock (gate)
        {
            hasEnded = true;
            live = [.. handles];
            handles.Clear();
        }

        foreach (IDisposable handle in live) handle.Dispose();
    }

    public readonly struct WaitingRead(SessionState session) : IDisposable
    {
        public void Dispose() => session.EndWaitingRead();
    }
}
