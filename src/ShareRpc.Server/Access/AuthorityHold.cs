using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Access;

/// <summary>
/// A handle's hold on its authority. A call that is under way when the handle goes, or its connection, keeps the authority registered until
/// it has ended, so that a revocation still reaches what the call has queued or waits for (I7). Any thread.
/// </summary>
internal sealed class AuthorityHold(Authority authority, AuthorityRegistry registry, Action? onEnd = null)
{
    private readonly Lock gate = new();
    private int calls;
    private bool dropped;

    public Authority Authority => authority;

    /// <summary>Starts the call before it returns. Once dropped, the handle is nobody's: it is answered as if it had never been.</summary>
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

    /// <summary>A call begins, and will <see cref="Leave"/>; false once dropped.</summary>
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

    /// <summary>The handle is gone. May be repeated.</summary>
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
