using Npgsql;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>
/// A PostgreSQL database that any number of nodes write. Correct are the database's rows; what a node caches is proven
/// in each transaction.
/// </summary>
internal sealed class PostgresShareStore : IShareStore
{
    private readonly PostgresDatabase database;
    private readonly DocumentTrust trust = new();

    private PostgresShareStore(PostgresDatabase database) => this.database = database;

    /// <summary>Gets the connections, which other parts of the node use, too.</summary>
    public PostgresDatabase Database => database;

    public bool IsShared => true;

    /// <summary>Connects with the first use. Owns the database's connections.</summary>
    /// <exception cref="StorageException">The connection string is none.</exception>
    public static PostgresShareStore Open(string connectionString) => new(PostgresDatabase.Open(connectionString));

    /// <summary>Opens and migrates.</summary>
    public static async Task<PostgresShareStore> OpenAsync(
        string connectionString, bool isNew = false, CancellationToken cancellationToken = default)
    {
        PostgresShareStore store = Open(connectionString);
        try
        {
            await store.PrepareAsync(isNew, cancellationToken).ConfigureAwait(false);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Connects, and migrates when needed; with <paramref name="isNew"/> also an empty database.</summary>
    /// <exception cref="StorageException">The message names the fault and the next step.</exception>
    public async Task PrepareAsync(bool isNew, CancellationToken cancellationToken)
    {
        try
        {
            await PostgresSchema.ApplyAsync(database.Source, isNew, cancellationToken).ConfigureAwait(false);
        }
        catch (NpgsqlException exception)
        {
            throw PostgresFailures.Translate(exception);
        }
    }

    public ValueTask<IWriteTransaction> BeginWriteAsync() => new(new PostgresWriteTransaction(database.Source, trust));

    public ValueTask<IReadSnapshot> BeginReadAsync() => new(new PostgresSnapshot(database.Source));

    public async ValueTask<long> ReadGenerationAsync()
    {
        const string Generation = "SELECT value FROM setting WHERE name = 'generation'";
        try
        {
            await using NpgsqlCommand read = database.Source.CreateCommand(Generation);
            return await read.ExecuteScalarAsync().ConfigureAwait(false) as long? ?? 0;
        }
        catch (NpgsqlException exception)
        {
            throw PostgresFailures.Translate(exception);
        }
    }

    /// <summary>
    /// Holds a lock that ends with its transaction: when the process dies, and when it stands still for longer than the
    /// database waits.
    /// </summary>
    public async ValueTask<IAsyncDisposable?> TryTakeTurnAsync(long shareKey)
    {
        var turn = new PostgresSession(database.Source, "BEGIN");
        try
        {
            if (await turn.ReadNumberAsync(
                "SELECT pg_try_advisory_xact_lock(6, hashint8($1))::int::bigint", shareKey).ConfigureAwait(false) == 1)
                return turn;
        }
        catch
        {
            await turn.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        await turn.DisposeAsync().ConfigureAwait(false);
        return null;
    }

    /// <summary>Vacuums, so that the space of deleted rows is used again. More cannot be done from here.</summary>
    public async Task<bool> PurgeAsync()
    {
        try
        {
            foreach (string table in (string[])["op", "doc", "rejection", "search_entry"])
            {
                await using NpgsqlCommand vacuum = database.Source.CreateCommand($"VACUUM {table}");
                vacuum.CommandTimeout = 0;
                await vacuum.ExecuteNonQueryAsync().ConfigureAwait(false);
            }

            return true;
        }
        catch (NpgsqlException exception)
        {
            throw PostgresFailures.Translate(exception);
        }
    }

    public void Dispose() => database.Dispose();
}
