using Microsoft.Data.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>
/// Copies the log of an outbox into its file beside the commits, never inside one, on a connection of its own. The log stays near
/// <see cref="PagesBetween"/> as long as the copying keeps up; at <see cref="MostPages"/> a commit waits for it.
/// </summary>
internal sealed class OutboxCheckpoints : IDisposable
{
    /// <summary>Pages written by this process after which the log is copied: 16 MiB.</summary>
    public const int PagesBetween = 4_096;

    /// <summary>Pages written by this process, and not copied, at which a commit waits: 128 MiB.</summary>
    public const int MostPages = 8 * PagesBetween;

    private const int FewPages = 64;
    private const int Passes = 4;
    private readonly SqliteConnection connection;
    private readonly SqliteCommand copy;
    private readonly Lock gate;
    private readonly Lock running = new();
    private int copied;
    private int isUnderWay;
    private bool isDisposed;

    /// <param name="connection">One that nobody else uses; owned from now on.</param>
    /// <param name="gate">What the commits of this process hold.</param>
    public OutboxCheckpoints(SqliteConnection connection, Lock gate)
    {
        this.connection = connection;
        this.gate = gate;
        copy = connection.CreateCommand();
        copy.CommandText = "PRAGMA wal_checkpoint(PASSIVE)";
    }

    /// <summary>Sees to it that the log is copied when it is time. Called without the gate, with all pages written so far.</summary>
    public void AfterCommit(int pages)
    {
        int more = pages - Volatile.Read(ref copied);
        if (more < PagesBetween) return;
        if (more >= MostPages) Run(pages);
        else if (Interlocked.Exchange(ref isUnderWay, 1) == 0) ThreadPool.UnsafeQueueUserWorkItem(_ => Run(pages), null);
    }

    /// <summary>
    /// Most of it beside the commits, pass by pass, as each brings less that is new; the last few pages while no commit of this process
    /// runs, since a log is begun anew only when all of it is copied.
    /// </summary>
    private void Run(int pages)
    {
        lock (running)
        {
            if (isDisposed) return;
            for (int pass = 0; pass < Passes && Copy() > FewPages; pass++)
            {
            }

            lock (gate) Copy();
            Volatile.Write(ref copied, pages);
            Volatile.Write(ref isUnderWay, 0);
        }
    }

    public void Dispose()
    {
        lock (running)
        {
            isDisposed = true;
            copy.Dispose();
            connection.Dispose();
        }
    }

    /// <summary>Pages of the log that were not copied, because they came meanwhile or somebody still reads them.</summary>
    private long Copy()
    {
        try
        {
            using SqliteDataReader row = copy.ExecuteReader();
            return row.Read() && row.GetInt64(0) == 0 ? row.GetInt64(1) - row.GetInt64(2) : 0;
        }
        catch (SqliteException)
        {
            return 0; // a full disk, say: the log keeps everything, and the next commits try again
        }
    }
}
