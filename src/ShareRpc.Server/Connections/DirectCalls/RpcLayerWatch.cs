namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>
/// Whether the RPC layer has begun all calls it was handed. It begins them in order in a context; what is posted there
/// behind a call runs when the call has begun. Counted, because a second call may be handed over before the first one's
/// notice has come.
/// </summary>
/// <param name="context">Where the RPC layer begins its calls.</param>
internal sealed class RpcLayerWatch(SynchronizationContext context)
{
    private int notBegun;

    /// <summary>Calls were handed over that may not have begun.</summary>
    public bool IsBusy => Volatile.Read(ref notBegun) > 0;

    /// <summary>The RPC layer has taken a message, and posted what it asks for.</summary>
    public void NoteTaken()
    {
        Interlocked.Increment(ref notBegun);
        context.Post(_ => Interlocked.Decrement(ref notBegun), null);
    }
}
