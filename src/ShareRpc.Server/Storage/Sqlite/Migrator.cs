using System.Globalization;
using System.Reflection;
using Microsoft.Data.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>Brings the file's schema up to this binary's: numbered SQL files, each applied in one transaction.</summary>
internal static class Migrator
{
    private const string ResourcePrefix = "ShareRpc.Server.Storage.Sqlite.Migrations.";

    /// <summary>The number of the last migration this binary knows.</summary>
    public static long Newest => Known()[^1].Number;

    /// <summary>Applies what is missing, up to a version. A file newer than this binary knows is refused untouched.</summary>
    public static void Migrate(SqliteConnection connection, TimeProvider time, long upTo = long.MaxValue)
    {
        SqliteFile.Execute(
            connection, "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, applied_ms INTEGER NOT NULL)");
        long current = Version(connection);
        List<(long Number, string Resource)> known = Known();
        if (current > known[^1].Number)
        {
            throw new ServerStartException(
                $"The data directory was written by a newer version of sharerpc (schema {current}; this one knows {known[^1].Number}). "
                + "Run the newer version, or restore a backup made before the upgrade.");
        }

        connection.CreateFunction<string, object>("stored_op_id", StoredOpId.Of, isDeterministic: true); // for 0008
        foreach ((long number, string resource) in known.Where(migration => migration.Number > current && migration.Number <= upTo))
        {
            Apply(connection, number, resource, time);
        }
    }

    private static void Apply(SqliteConnection connection, long number, string resource, TimeProvider time)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        using SqliteTransaction transaction = connection.BeginTransaction();
        using SqliteCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = reader.ReadToEnd();
        command.ExecuteNonQuery();
        command.CommandText = "INSERT INTO schema_version (version, applied_ms) VALUES ($version, $now)";
        command.Parameters.AddWithValue("$version", number);
        command.Parameters.AddWithValue("$now", time.GetUtcNow().ToUnixTimeMilliseconds());
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    private static long Version(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT COALESCE(MAX(version), 0) FROM schema_version";
        return (long)command.ExecuteScalar()!;
    }

    private static List<(long Number, string Resource)> Known() =>
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .Select(name => (long.Parse(name.AsSpan(ResourcePrefix.Length, 4), CultureInfo.InvariantCulture), name))
            .OrderBy(migration => migration.Item1),
    ];
}
