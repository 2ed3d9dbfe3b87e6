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

    public bool IsBusy => Volatile.Read(ref notBegun) > 0;

    public void NoteTaken()
    {
        Interlocked.Increment(ref notBegun);
        context.Post(_ => Interlocked.Decrement(ref notBegun), null);
    }
}
