using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Access;

/// <summary>
/// A handle's hold on its authority. Calls in progress keep it registered, so that a revocation reaches what they
/// queued or wait for (I7). Any thread.
/// </summary>
internal sealed class AuthorityHold(Authority authority, AuthorityRegistry registry, Action? onEnd = null)
{
    private readonly Lock gate = new();
    private int calls;
    private bool dropped;

    public Authority Authority => authority;

    /// <summary>Gets whether the handle was disposed; calls in progress may go on.</summary>
    public bool IsDropped
    {
        get
        {
            lock (gate) return dropped;
        }
    }

    /// <summary>Starts the call before returning. Once dropped, fails as for an unknown handle.</summary>
    public async Task<T> DuringAsync<T>(Func<Authority, Task<T>> call)
    {
        if (!TryEnter()) throw new ShareRpcException(ErrorCode.MethodNotFound);
        try
        {
            return await call(authority).ConfigureAwait(false);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Begins a call, to be ended by <see cref="Leave"/>; false once dropped.</summary>
    public bool TryEnter()
    {
        lock (gate)
        {
            if (!dropped) calls++;
            return !dropped;
        }
    }

    public void Leave()
    {
        bool isLast;
        lock (gate) isLast = --calls == 0 && dropped;
        if (isLast) End();
    }

    public void Drop()
    {
        lock (gate)
        {
            if (dropped) return;
            dropped = true;
            if (calls > 0) return;
        }

        End();
    }

    private void End()
    {
        registry.Remove(authority);
        onEnd?.Invoke();
        authority.Dispose();
    }
}
