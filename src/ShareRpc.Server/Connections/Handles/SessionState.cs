using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Server.Access;

namespace ShareRpc.Server.Connections.Handles;

/// <summary>
/// State shared by a connection's calls. Owns the handles, since the RPC layer learns of one only when writing the
/// reply. Any thread.
/// </summary>
internal sealed class SessionState(string? address, ServerOptions options) : IDisposable
{
    private readonly Lock gate = new();
    private bool isProven;
    private readonly HashSet<IDisposable> handles = new(ReferenceEqualityComparer.Instance);
    private readonly TaskCompletionSource revoked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource? waitingForProof;
    private bool hasEnded;
    private int handlesMade;
    private int waitingReads;

    public string? Address => address;

    /// <summary>Returns the longest message that may come: 256 KiB until a redemption has succeeded ([WS-3]).</summary>
    public int MostMessageBytes => IsProven
        ? options.Limits.FrameBytes : Math.Min(ProtocolLimits.UnprovenBytes, options.Limits.FrameBytes);

    /// <summary>Returns whether a redemption has succeeded.</summary>
    public bool IsProven => Volatile.Read(ref isProven);

    public Action OnDenied { get; set; } = () => { };

    /// <summary>Gets what follows shares for the handles of the connection; set before the first call.</summary>
    public ISubscriptions? Subscriptions { get; set; }

    public int Handles
    {
        get
        {
            lock (gate) return handles.Count;
        }
    }

    /// <summary>Completes when a grant was revoked and no other handle is live ([GRANT-6]).</summary>
    public Task Revoked => revoked.Task;

    public void NoteDenied(Authority authority)
    {
        OnDenied();
        if (!authority.Ref.IsGrant) return;
        lock (gate)
        {
            if (handles.OfType<CapabilityHandle>().All(handle => handle.IsDenied)) revoked.TrySetResult();
        }
    }

    public void AwaitProof(CancellationTokenSource timeout) => waitingForProof = timeout;

    /// <summary>Notes a successful redemption: the connection may stay.</summary>
    public void Prove()
    {
        Volatile.Write(ref isProven, true);
        try
        {
            Interlocked.Exchange(ref waitingForProof, null)?.CancelAfter(Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
        }
    }

    /// <summary>Takes ownership; disposes the handle if the connection has ended.</summary>
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

    public void Disown(IDisposable handle)
    {
        lock (gate) handles.Remove(handle);
    }

    public void CountHandle()
    {
        if (!TryCountHandle()) throw new ShareRpcException(ErrorCode.TooManyHandles);
    }

    public bool TryCountHandle() => Interlocked.Increment(ref handlesMade) <= options.Limits.HandlesPerConnection;

    /// <summary>Throws <c>too_many_calls</c> at the limit.</summary>
    public WaitingRead BeginWaitingRead() =>
        TryBeginWaitingRead() ? new WaitingRead(this) : throw RpcErrors.TooManyCalls;

    public bool TryBeginWaitingRead()
    {
        if (Interlocked.Increment(ref waitingReads) <= options.Limits.WaitingReads) return true;
        Interlocked.Decrement(ref waitingReads);
        return false;
    }

    public void EndWaitingRead() => Interlocked.Decrement(ref waitingReads);

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
