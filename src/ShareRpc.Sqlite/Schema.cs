using System.Reflection;
using Microsoft.Data.Sqlite;

namespace ShareRpc.Sqlite;

/// <summary>Applies each SQL script once, in a transaction. <c>PRAGMA user_version</c> counts them.</summary>
internal sealed class Schema(IReadOnlyList<string> scripts)
{
    public IReadOnlyList<string> Scripts => scripts;

    public long Newest => scripts.Count;

    /// <summary>Reads scripts from resources, by name.</summary>
    public static Schema Of(Assembly assembly, string prefix) => new(
    [
        .. assembly.GetManifestResourceNames().Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).Select(name => ReadResource(assembly, name)),
    ]);

    public static long VersionOf(SqliteConnection connection) => ReadNumber(connection, "PRAGMA user_version");

    /// <summary>
    /// Applies the scripts that the file lacks, up to a version. Several processes may do this to one file at the same
    /// time. A file of an earlier version is first copied to a file beside it, named <c>.schemaN</c>.
    /// </summary>
    /// <param name="path">The file, for the message.</param>
    /// <param name="nextStep">What to do with a file that cannot be used: a verb phrase, for the message.</param>
    /// <exception cref="SchemaException">The file is newer than this program, or older than its first release;
    /// unchanged.</exception>
    public void Apply(SqliteConnection connection, string path, string nextStep, long upTo = long.MaxValue)
    {
        long version = VersionOf(connection);
        if (version > Newest)
        {
            throw new SchemaException(
                $"{path} was written by a newer version of sharerpc (schema {version}; this one knows {Newest}). "
                + $"Run the newer version, or {nextStep}.");
        }

        if (version > 0 && version < Math.Min(Newest, upTo)) Keep(connection, path, version);
        while (version < Math.Min(Newest, upTo)) version = ApplyNext(connection, path, nextStep);
    }

    /// <summary>Durable on return: the way back to the earlier program.</summary>
    private static void Keep(SqliteConnection connection, string path, long version)
    {
        string kept = $"{path}.schema{version}";
        if (File.Exists(kept)) return;
        string partial = $"{kept}.{Environment.ProcessId}.new";
        File.Delete(partial);
        OwnerOnly.PrepareDatabase(partial);
        using (SqliteCommand command = connection.CreateCommand())
        {
            command.CommandText = "VACUUM INTO $file";
            command.Parameters.AddWithValue("$file", partial);
            command.ExecuteNonQuery();
        }

        using (var file = new FileStream(partial, FileMode.Open, FileAccess.ReadWrite)) file.Flush(flushToDisk: true);
        File.Move(partial, kept, overwrite: true);
        DurableDirectory.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    private long ApplyNext(SqliteConnection connection, string path, string nextStep)
    {
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        long version = VersionOf(connection);
        if (version >= Newest) return version; // another process did it meanwhile
        if (version == 0 && ReadNumber(connection, "SELECT COUNT(*) FROM sqlite_master") > 0)
        {
            throw new SchemaException(
                $"{path} was written by a version of sharerpc from before the first release, whose files are not read "
                    + "any more. "
                + $"Move it away, or {nextStep}.");
        }

        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"{scripts[(int)version]};\nPRAGMA user_version = {version + 1}";
        command.ExecuteNonQuery();
        transaction.Commit();
        return version + 1;
    }

    private static long ReadNumber(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private static string ReadResource(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}

/// <summary>The message names the file and the next step.</summary>
internal sealed class SchemaException(string message) : Exception(message);
