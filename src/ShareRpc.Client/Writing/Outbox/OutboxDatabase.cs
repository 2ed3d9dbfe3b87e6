using Microsoft.Data.Sqlite;
using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>
/// The outbox's SQLite file: its connection with its statements, and its schema. Callers hold <see cref="Gate"/>.
/// </summary>
internal sealed class OutboxDatabase : IDisposable
{
    private const int BusyMs = 30_000;
    private const int CacheKiB = 2_000;

    /// <summary>Bytes of the log at which it is copied into the file and begins anew.</summary>
    private const long LogBytes = 16 * 1024 * 1024;
    private static readonly Schema Schema =
        Schema.Of(typeof(OutboxDatabase).Assembly, "ShareRpc.Client.Writing.Outbox.Migrations.");

    private bool isDisposed;

    /// <summary>Opens or makes the file. Errors: <see cref="OutboxException"/> for one of another version.</summary>
    public OutboxDatabase(string path)
    {
        DurableDirectory.Create(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var file = new SqliteFile(path, BusyMs, CacheKiB);
        SqliteConnection connection = file.OpenForWriting();
        try
        {
            SqliteFile.Execute(connection, "PRAGMA foreign_keys=ON");
            Schema.Apply(connection, path, "use another --state directory");
            Statements = new Statements(connection);
            Log = new LogMaintenance(Statements, file.OpenForMaintenance(), LogBytes, TimeSpan.Zero);
        }
        catch (Exception exception)
        {
            connection.Dispose();
            if (exception is SchemaException) throw new OutboxException(exception.Message);
            throw;
        }
    }

    /// <summary>One thread at a time uses the connection.</summary>
    public Lock Gate { get; } = new();

    public Statements Statements { get; }

    /// <summary>What keeps the log from growing.</summary>
    public LogMaintenance Log { get; }

    /// <summary>
    /// Runs the action in one write transaction: durable when it returns, undone when it throws. With the gate held.
    /// </summary>
    public void Commit(Action action)
    {
        Begin();
        try
        {
            action();
            Statements.Execute("COMMIT");
        }
        catch
        {
            Rollback();
            throw;
        }
    }

    public void Begin()
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        Log.BeforeTransaction();
        Statements.Execute("BEGIN IMMEDIATE");
    }

    public void Rollback()
    {
        try
        {
            Statements.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // SQLite has rolled back by itself, as it does when the disk is full.
        }
    }

    /// <summary>Sees to the log. With the gate held, when no transaction is open.</summary>
    public void AfterCommit()
    {
        if (!isDisposed) Log.AfterCommit();
    }

    public void Dispose()
    {
        Log.Dispose();
        lock (Gate)
        {
            isDisposed = true;
            Statements.Dispose();
        }
    }
}
