using Microsoft.Extensions.Logging;

namespace ShareRpc.Server.Commit;

/// <summary>
/// Some of the small things that a commit leaves to do (readers to wake, acks to send), done one after the other on a pool thread: so many
/// that handing them over costs little.
/// </summary>
internal sealed class WorkRun(ArraySegment<IThreadPoolWorkItem> work, ILogger log) : IThreadPoolWorkItem
{
    private const int AtOnce = 16;

    /// <summary>Does them all, soon. One that throws is logged, and the others go on.</summary>
    public static void Queue(IThreadPoolWorkItem[] work, ILogger log)
    {
        for (int i = 0; i < work.Length; i += AtOnce)
        {
            var part = new ArraySegment<IThreadPoolWorkItem>(work, i, Math.Min(AtOnce, work.Length - i));
            ThreadPool.UnsafeQueueUserWorkItem(new WorkRun(part, log), preferLocal: false);
        }
    }

    public void Execute()
    {
        foreach (IThreadPoolWorkItem item in work)
        {
            try
            {
                item.Execute();
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                log.AfterCommitFailed(exception);
            }
        }
    }
}
