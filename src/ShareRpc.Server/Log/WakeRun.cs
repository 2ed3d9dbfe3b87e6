namespace ShareRpc.Server.Log;

/// <summary>Some of those that a change of a feed has woken, run one after the other: enough that handing them over costs little.</summary>
internal sealed class WakeRun(ArraySegment<FeedWaiter> waiters) : IThreadPoolWorkItem
{
    private const int AtOnce = 16;

    /// <summary>Wakes them all, on pool threads.</summary>
    public static void Queue(FeedWaiter[] waiters)
    {
        for (int i = 0; i < waiters.Length; i += AtOnce)
        {
            var part = new ArraySegment<FeedWaiter>(waiters, i, Math.Min(AtOnce, waiters.Length - i));
            ThreadPool.UnsafeQueueUserWorkItem(new WakeRun(part), preferLocal: false);
        }
    }

    public void Execute()
    {
        foreach (FeedWaiter waiter in waiters)
        {
            if (waiter.TryEndWait()) waiter.Execute();
        }
    }
}
