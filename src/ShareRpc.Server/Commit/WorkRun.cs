namespace ShareRpc.Server.Commit;

/// <summary>
/// Some of the small things that a commit leaves to do (readers to wake, acks to send), done one after the other on a pool thread: so many
/// that handing them over costs little.
/// </summary>
internal sealed class WorkRun(ArraySegment<IThreadPoolWorkItem> work) : IThreadPoolWorkItem
{
    private const int AtOnce = 16;

    /// <summary>Does them all, soon.</summary>
    public static void Queue(IThreadPoolWorkItem[] work)
    {
        for (int i = 0; i < work.Length; i += AtOnce)
        {
            var part = new ArraySegment<IThreadPoolWorkItem>(work, i, Math.Min(AtOnce, work.Length - i));
            ThreadPool.UnsafeQueueUserWorkItem(new WorkRun(part), preferLocal: false);
        }
    }

    public void Execute()
    {
        foreach (IThreadPoolWorkItem item in work) item.Execute();
    }
}
