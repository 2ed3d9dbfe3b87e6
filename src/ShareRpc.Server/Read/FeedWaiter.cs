namespace ShareRpc.Server.Read;

/// <summary>Waits for a feed without task or timer; woken once per wait, on a pool thread.</summary>
internal abstract class FeedWaiter : IThreadPoolWorkItem
{
    private int isWaiting;

    /// <summary>Index in the feed, under its lock.</summary>
    internal int Place { get; set; } = -1;

    public void Execute()
    {
        if (TryEndWait()) Look();
    }

    /// <summary>Never runs on two threads at once.</summary>
    protected abstract void Look();

    protected bool TryEndWait() => Interlocked.Exchange(ref isWaiting, 0) == 1;

    internal void BeginWait() => Interlocked.Exchange(ref isWaiting, 1);
}
