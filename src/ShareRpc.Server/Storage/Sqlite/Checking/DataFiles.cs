using Microsoft.Data.Sqlite;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite.Checking;

internal sealed record DataFiles(string Directory)
{
    private const int KeyBytes = 32;

    public string DatabasePath => Path.Combine(Directory, "shares.db");

    public string KeyPath => Path.Combine(Directory, "keys", "token.key");

    /// <summary>Gets the file that tells a backup from a server's directory.</summary>
    public string BackupMarkPath => Path.Combine(Directory, "backup.json");

    public string RevokedLogPath => Path.Combine(Directory, RevokedLog.FileName);

    public string RootTokenPath => Path.Combine(Directory, "root.token");

    public static DataFiles Find(string directory)
    {
        var files = new DataFiles(Path.GetFullPath(directory));
        if (File.Exists(files.DatabasePath)) return files;
        throw new StorageException(
            StorageFailure.Unavailable,
                $"{files.Directory} holds no shares.db: name the data directory of a server, or a backup, with "
                    + "--data.");
    }

    /// <summary>Read-only, also beside a server.</summary>
    public Statements OpenDatabase()
    {
        try
        {
            return new Statements(new SqliteFile(DatabasePath).OpenUnchanged(), Translate);
        }
        catch (SqliteException exception)
        {
            throw Translate(exception);
        }
    }

    public StorageException Translate(SqliteException exception) => SqliteFailures.Translate(exception, DatabasePath);

    /// <summary>Returns the server's key; null where that is missing or damaged.</summary>
    public byte[]? ReadKey() => DescribeKeyTrouble() is null ? File.ReadAllBytes(KeyPath) : null;

    public string? DescribeKeyTrouble()
    {
        var key = new FileInfo(KeyPath);
        if (!key.Exists) return $"the key file {KeyPath} is missing: no token can be checked without it";
        return key.Length == KeyBytes ? null : $"the key file {KeyPath} is damaged";
    }
}
