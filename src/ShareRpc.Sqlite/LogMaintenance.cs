using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ShareRpc.Sqlite;

/// <summary>
/// Log maintenance: limits the WAL (I9) with SQLite checkpoints on an own connection and a pool thread. Ongoing commits
/// keep the WAL from restarting, so beyond a size the committing thread copies the rest between transactions.
/// </summary>
internal sealed class LogMaintenance : IDisposable
{
    private const int MostRounds = 4;
    private const int FrameHeaderBytes = 24;

    private readonly Statements writer;
    private readonly SqliteConnection connection;
    private readonly long logBytes;
    private readonly TimeSpan readersWait;
    private readonly Action<Exception>? onFailure;
    private readonly Lock running = new();
    private readonly long frameBytes;
    private int copiedPages;
    private int pagesBefore;
    private bool hasPurged;
    private TaskCompletionSource<bool>? purge;
    private int isUnderWay;
    private volatile bool isRestartDue;
    private bool isDisposed;

    /// <param name="writer">The connection that commits.</param>
    /// <param name="connection">One that nobody else uses; owned from now on.</param>
    /// <param name="logBytes">
    /// Bytes beyond which the log begins anew. It is copied when so much was written since the last copy: to copy more
    /// often would write pages that change often more than once. A commit waits for the copy when four times as much
    /// was written. The log grows on while somebody reads an old moment of it, as a backup does.
    /// </param>
    /// <param name="readersWait">How long a restart waits for readers.</param>
    /// <param name="onFailure">Is told why the log could not be copied, as on a full disk: the log keeps everything
    /// meanwhile.</param>
    public LogMaintenance(
        Statements writer, SqliteConnection connection, long logBytes, TimeSpan readersWait,
            Action<Exception>? onFailure = null)
    {
        this.writer = writer;
        this.connection = connection;
        this.logBytes = logBytes;
        this.readersWait = readersWait;
        this.onFailure = onFailure;
        PageBytes = writer.ReadNumber("PRAGMA page_size");

        // Opens the WAL; otherwise log maintenance does nothing.
        SqliteFile.ReadNumber(connection, "SELECT COUNT(*) FROM sqlite_master");
        PageGaps.EmptyBy(connection);
        frameBytes = PageBytes + FrameHeaderBytes;
    }

    public long PageBytes { get; }

    /// <summary>
    /// Starts log maintenance when due; returns whether the transaction wrote a page. Committing thread only, outside
    /// transactions.
    /// </summary>
    public bool AfterCommit()
    {
        int pages = CountWrittenPages();
        bool hasWritten = pages != pagesBefore;
        if (hasWritten) Volatile.Write(ref hasPurged, false);
        long written = (pages - copiedPages) * frameBytes;
        if (written < logBytes) return hasWritten;
        if (written >= logBytes * 4)
        {
            copiedPages = pages;
            Copy();
        }
        else if (Interlocked.Exchange(ref isUnderWay, 1) == 0)
        {
            copiedPages = pages;
            ThreadPool.UnsafeQueueUserWorkItem(_ => Copy(), null);
        }

        return hasWritten;
    }

    /// <summary>Restarts the WAL when due. Committing thread only, outside transactions.</summary>
    public void BeforeTransaction()
    {
        if (Interlocked.Exchange(ref purge, null) is { } asked)
        {
            bool isDone = false;
            Guard(() => isDone = Purge());
            asked.TrySetResult(isDone);
        }

        if (isRestartDue)
        {
            Guard(() => Restart(readersWait));
            isRestartDue = false;
        }

        pagesBefore = CountWrittenPages();
    }

    /// <summary>Runs log maintenance in rounds. A restart is left to the committing thread.</summary>
    public void Copy()
    {
        lock (running)
        {
            if (!isDisposed && !isRestartDue) Guard(CopyRounds);
            Volatile.Write(ref isUnderWay, 0);
        }
    }

    /// <summary>
    /// Returns after most of the log was copied; the rest comes before the next transaction, which the caller begins:
    /// then nothing that was deleted before is in the database or its log any more. False: a reader still needs it.
    /// </summary>
    public Task<bool> PurgeAsync()
    {
        if (Volatile.Read(ref hasPurged)) return Task.FromResult(true);
        Copy();
        var asked = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref purge, asked)?.TrySetResult(false);
        return asked.Task;
    }

    /// <summary>
    /// Lets the next transaction overwrite the WAL. Returns false when readers outlast the wait, or other log
    /// maintenance runs.
    /// </summary>
    public bool Restart(TimeSpan wait)
    {
        if (!running.TryEnter()) return false;
        try
        {
            raw.sqlite3_busy_timeout(connection.Handle, (int)wait.TotalMilliseconds);
            return Run(raw.SQLITE_CHECKPOINT_RESTART, out _, out _);
        }
        finally
        {
            running.Exit();
        }
    }

    public void Dispose()
    {
        lock (running)
        {
            isDisposed = true;
            connection.Dispose();
            purge?.TrySetResult(false);
        }
    }

    private bool Purge()
    {
        if (!running.TryEnter()) return false;
        try
        {
            raw.sqlite3_busy_timeout(connection.Handle, (int)readersWait.TotalMilliseconds);
            if (!Run(raw.SQLITE_CHECKPOINT_TRUNCATE, out _, out _)) return false;
        }
        finally
        {
            running.Exit();
        }

        // Pages in memory have what was emptied in the file, and would bring it back.
        SqliteFile.Execute(writer.Connection, "PRAGMA shrink_memory");
        Volatile.Write(ref hasPurged, true);
        return true;
    }

    private int CountWrittenPages()
    {
        raw.sqlite3_db_status(writer.Connection.Handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out int pages, out _, 0);
        return pages;
    }

    private bool CopyRounds()
    {
        long size = long.MaxValue;
        long left = long.MaxValue;
        for (int round = 0; round < MostRounds && size > logBytes && left > logBytes / 32; round++)
        {
            if (!Run(raw.SQLITE_CHECKPOINT_PASSIVE, out int frames,
                out int copied)) return false; // another process copies it
            (size, left) = (frames * frameBytes, (frames - copied) * frameBytes);
        }

        return isRestartDue = size > logBytes;
    }

    private void Guard(Func<bool> work)
    {
        try
        {
            work();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            onFailure?.Invoke(exception);
        }
    }

    /// <summary>Returns false when others hold the WAL.</summary>
    private bool Run(int mode, out int frames, out int copied)
    {
        int result = raw.sqlite3_wal_checkpoint_v2(connection.Handle, "main", mode, out frames, out copied);
        if (result == raw.SQLITE_BUSY) return false;
        SqliteException.ThrowExceptionForRC(result, connection.Handle);
        return true;
    }
}
