using System.Data.Common;
using Microsoft.Extensions.Logging;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Maintenance;

/// <summary>
/// Keeps the write-ahead log from growing (I9). It is copied into the database beside the commits; but as long as these go on there is
/// always more of it, and it never begins anew. So beyond a size the commit thread itself copies the little that is left, between two
/// transactions; the next one then overwrites the log from its start.
/// </summary>
internal sealed class LogMaintenance(IShareStore store, ServerLimits limits, TimeProvider time, ILogger<LogMaintenance> log)
    : ICommitListener, IServerLoop
{
    /// <summary>Rounds of copying before the pause, each of what came during the one before.</summary>
    private const int MostRounds = 4;

    private volatile bool isPauseDue;

    public string Name => "log maintenance";

    /// <summary>Copies until cancelled.</summary>
    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(limits.CheckpointInterval, time);
        while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false))
        {
            Copy();
            succeeded();
        }
    }

    /// <summary>Copies what the log has; asks for a pause when it is too large, and then leaves the log to the commit thread.</summary>
    public void Copy()
    {
        if (isPauseDue) return;
        try
        {
            LogSize size = store.Checkpoint();
            for (int round = 1; round < MostRounds && size.Bytes > limits.LogBytes && size.Left > limits.LogBytes / 32; round++)
            {
                size = store.Checkpoint();
            }

            isPauseDue = size.Bytes > limits.LogBytes;
        }
        catch (DbException exception)
        {
            log.CheckpointFailed(exception);
        }
    }

    /// <summary>Restarts the log when that is due.</summary>
    public void BetweenTransactions()
    {
        if (!isPauseDue) return;
        try
        {
            store.RestartLog(limits.LogPause);
        }
        catch (DbException exception)
        {
            log.CheckpointFailed(exception);
        }

        isPauseDue = false;
    }
}
