using Microsoft.Extensions.Logging;

namespace ShareRpc.Server.Commit;

/// <summary>Runs a group of small work items on a pool thread.</summary>
internal sealed class WorkRun(ArraySegment<IThreadPoolWorkItem> work, ILogger log) : IThreadPoolWorkItem
{
    private const int AtOnce = 16;

    /// <summary>Logs exceptions and continues.</summary>
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
