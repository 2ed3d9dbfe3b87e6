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

    private readonly string path;
    private bool isDisposed;

    /// <summary>Throws <see cref="OutboxException"/>: other version, or a file that cannot be used.</summary>
    public OutboxDatabase(string path)
    {
        this.path = path;
        SqliteConnection? connection = null;
        try
        {
            DurableDirectory.Create(Path.GetDirectoryName(Path.GetFullPath(path))!);
            var file = new SqliteFile(path, BusyMs, CacheKiB);
            connection = file.OpenForWriting();
            SqliteFile.Execute(connection, "PRAGMA foreign_keys=ON");
            Schema.Apply(connection, path, "use another --state directory");
            Statements = new Statements(connection, Explain);
            Log = new LogMaintenance(Statements, file.OpenForMaintenance(), LogBytes, TimeSpan.Zero);
        }
        catch (Exception exception)
        {
            connection?.Dispose();
            throw exception switch
            {
                SchemaException => new OutboxException(exception.Message),
                SqliteException error => Explain(error),
                IOException or UnauthorizedAccessException => new OutboxException(
                    $"The outbox {path} cannot be made: see that its directory has room and that this user may write "
                        + "in "
                        + "it, or name another (--state).", exception),
                _ => exception,
            };
        }
    }

    /// <summary>Says what a failure of the file means, and what to do.</summary>
    public OutboxException Explain(SqliteException error) => new(SqliteTrouble.Describe(error, path), error);

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
        catch (OutboxException)
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
        lock (Gate)
        {
            isDisposed = true;
            Statements.Dispose();
        }

        Log.Dispose(); // last, so that it copies what is left of the log
    }
}
