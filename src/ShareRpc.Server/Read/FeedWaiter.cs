namespace ShareRpc.Server.Read;

/// <summary>
/// Somebody who waits for a feed to change. Woken once each time it has waited, on a pool thread. A wait costs no task and no timer of its
/// own: there is one for each viewer and page.
/// </summary>
internal abstract class FeedWaiter : IThreadPoolWorkItem
{
    private int isWaiting;

    /// <summary>Its place among those that wait; the feed's, under its lock.</summary>
    internal int Place { get; set; } = -1;

    /// <summary>Ends the wait, unless somebody has ended it before.</summary>
    public void Execute()
    {
        if (TryEndWait()) Look();
    }

    /// <summary>Looks at what there is. On one thread at a time.</summary>
    protected abstract void Look();

    /// <summary>True for whoever ends the wait: it must look.</summary>
    protected bool TryEndWait() => Interlocked.Exchange(ref isWaiting, 0) == 1;

    /// <summary>The feed is about to list it.</summary>
    internal void BeginWait() => Interlocked.Exchange(ref isWaiting, 1);
}
