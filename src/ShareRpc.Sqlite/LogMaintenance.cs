using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ShareRpc.Sqlite;

/// <summary>
/// Keeps the write-ahead log of a file from growing (I9). On a connection of its own and a thread of the pool it copies
/// the log into the
/// file, beside the commits and never inside one. While commits go on there is always more to copy, so that the log
/// would never begin
/// anew; so beyond a size the committing thread itself copies the little that is left, between two transactions, and
/// the next transaction
/// overwrites the log from its start.
/// </summary>
internal sealed class LogMaintenance : IDisposable
{
    /// <summary>Rounds of copying before the log is restarted, each of what came during the one before.</summary>
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

        // A connection that has read nothing has no log open, and would copy nothing.
        SqliteFile.ReadNumber(connection, "SELECT COUNT(*) FROM sqlite_master");
        frameBytes = PageBytes + FrameHeaderBytes;
    }

    /// <summary>Bytes of a page of the file.</summary>
    public long PageBytes { get; }

    /// <summary>
    /// Begins to copy the log when it is time. Called by the committing thread when no transaction is open.
    /// </summary>
    public void AfterCommit()
    {
        raw.sqlite3_db_status(writer.Connection.Handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out int pages, out _, 0);
        long written = (pages - copiedPages) * frameBytes;
        if (written < logBytes) return;
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
    }

    /// <summary>
    /// Restarts the log if it is too long. Called by the committing thread when no transaction is open.
    /// </summary>
    public void BeforeTransaction()
    {
        if (!isRestartDue) return;
        Guard(() => Restart(readersWait));
        isRestartDue = false;
    }

    /// <summary>
    /// Copies what the log holds, round by round, as each brings less that is new. A log that is to be restarted is
    /// left to the committing thread.
    /// </summary>
    public void Copy()
    {
        lock (running)
        {
            if (!isDisposed && !isRestartDue) Guard(CopyRounds);
            Volatile.Write(ref isUnderWay, 0);
        }
    }

    /// <summary>
    /// Copies what is left, and has the next transaction overwrite the log from its start. False when somebody still
    /// reads an old moment
    /// after this wait, or a copy is being made.
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
        }
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

    /// <summary>False when others hold the log, which is no failure.</summary>
    private bool Run(int mode, out int frames, out int copied)
    {
        int result = raw.sqlite3_wal_checkpoint_v2(connection.Handle, "main", mode, out frames, out copied);
        if (result == raw.SQLITE_BUSY) return false;
        SqliteException.ThrowExceptionForRC(result, connection.Handle);
        return true;
    }
}
