using Npgsql;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;

namespace ShareRpc.Server.Hosting;

/// <summary>Makes a database ready for nodes, once, and looks at it when a node starts.</summary>
internal static class PostgresStart
{
    /// <summary>
    /// Creates the schema, the key file and the root token, each unless it is there. Returns whether the root token was
    /// made now.
    /// </summary>
    /// <exception cref="ServerStartException">The message names the fault and the next step.</exception>
    public static async Task<bool> InitAsync(
        string connectionString, string keyFile, string rootTokenFile, TimeProvider time,
        CancellationToken cancellationToken)
    {
        try
        {
            using PostgresShareStore store = await PostgresShareStore.OpenAsync(
                connectionString, isNew: true, cancellationToken).ConfigureAwait(false);
            KeyFile.Ensure(keyFile);
            TokenVerifier tokens = TokenVerifier.OpenFile(keyFile);
            await CheckKeysAsync(store, tokens, cancellationToken).ConfigureAwait(false);
            return await RootToken.EnsureAsync(store, tokens, rootTokenFile, time, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is StorageException or IOException or UnauthorizedAccessException)
        {
            throw new ServerStartException(exception.Message);
        }
    }

    /// <summary>Migrates, compares the keys, and looks for what <see cref="InitAsync"/> has made.</summary>
    public static async Task PrepareAsync(
        PostgresShareStore store, TokenVerifier tokens, bool isInited, CancellationToken cancellationToken)
    {
        await store.PrepareAsync(isNew: false, cancellationToken).ConfigureAwait(false);
        await DataMove.DemandNotMovedAsync(store.Database.Source, cancellationToken).ConfigureAwait(false);
        await CheckKeysAsync(store, tokens, cancellationToken).ConfigureAwait(false);
        if (!isInited) return;
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        if ((await snapshot.ReadRefsAsync(default, 0, 1)).Count == 0)
            throw new ServerStartException("The database has no root ref: run 'sharerpc init --postgres ...' once.");
    }

    private static async Task CheckKeysAsync(
        PostgresShareStore store, TokenVerifier tokens, CancellationToken cancellationToken)
    {
        NpgsqlDataSource source = store.Database.Source;
        IReadOnlyList<string> missing;
        try
        {
            missing = await KeyTable.FindMissingAsync(
                source, [.. tokens.Keys.Select(key => key.CheckValue)], cancellationToken).ConfigureAwait(false);
            if (missing.Count == 0)
            {
                await KeyTable.AddAsync(
                    source, tokens.Keys.Select(key => (key.Id, key.Name, key.CheckValue)), cancellationToken)
                    .ConfigureAwait(false);
            }
        }
        catch (NpgsqlException exception)
        {
            throw PostgresFailures.Translate(exception);
        }

        if (missing.Count > 0)
        {
            throw new ServerStartException(
                $"--keys lacks a key that tokens of this database were made with ({string.Join(", ", missing)}): "
                + "every node needs the file that 'sharerpc init' made.");
        }
    }
}
