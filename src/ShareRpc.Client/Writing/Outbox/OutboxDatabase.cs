using Microsoft.Data.Sqlite;
using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

internal sealed class OutboxDatabase : IDisposable
{
    private const int BusyMs = 30_000;
    private const int CacheKiB = 2_000;

    /// <summary>Bytes that start log maintenance.</summary>
    private const long LogBytes = 16 * 1024 * 1024;
    private static readonly Schema Schema =
        Schema.Of(typeof(OutboxDatabase).Assembly, "ShareRpc.Client.Writing.Outbox.Migrations.");

    private bool isDisposed;

    /// <summary>Throws <see cref="OutboxException"/>: other version.</summary>
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

    public Lock Gate { get; } = new();

    public Statements Statements { get; }

    public LogMaintenance Log { get; }

    /// <summary>Requires the gate. Durable on return; undone on error.</summary>
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
            // SQLite rolled back itself, for example on a full disk.
        }
    }

    /// <summary>Requires the gate.</summary>
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
