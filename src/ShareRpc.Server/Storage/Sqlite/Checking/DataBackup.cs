using System.Text.Json;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite.Checking;

/// <summary>Copies a data directory as of one moment, even while in use, for <c>sharerpc restore</c>.</summary>
public static class DataBackup
{
    private const int PagesAtOnce = 2_048;
    private const int Done = 101; // SQLITE_DONE

    /// <summary>
    /// Makes <paramref name="destination"/>, mode 0700: database, keys and root token, mode 0600; all of it on disk
    /// when it returns, or nothing there. Errors: <see cref="StorageException"/>, also when the destination is there
    /// already; <see cref="OperationCanceledException"/>.
    /// </summary>
    public static BackupReport Run(
        string dataDirectory, string destination, IProgress<CheckProgress>? progress,
        CancellationToken cancellationToken)
    {
        DataFiles source = DataFiles.Find(dataDirectory);
        if (source.DescribeKeyTrouble() is { } trouble) throw Refuse($"A backup would be worth nothing: {trouble}.");
        string full = Path.GetFullPath(destination).TrimEnd('/');
        if (Path.Exists(full)) throw Refuse(
            $"{full} is there already: a backup overwrites nothing. Name another directory.");
        string partial = $"{full}.{RandomId.New()}.partial";
        try
        {
            DurableDirectory.Create(partial);
            var target = new DataFiles(partial);
            CopyDatabase(source, target, progress, cancellationToken);
            DurableDirectory.Create(Path.GetDirectoryName(target.KeyPath)!);
            SecretFile.Write(target.KeyPath, File.ReadAllBytes(source.KeyPath));
            if (File.Exists(source.RootTokenPath))
                SecretFile.Write(target.RootTokenPath, File.ReadAllBytes(source.RootTokenPath));
            BackupReport report = Mark(target, full);
            DurableDirectory.Sync(partial);
            Directory.Move(partial, full);
            DurableDirectory.Sync(Path.GetDirectoryName(full)!);
            return report;
        }
        catch (Exception exception)
        {
            if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
            throw exception switch
            {
                SqliteException failure => source.Translate(failure),
                IOException or UnauthorizedAccessException =>
                    Refuse($"The backup cannot be written to {full}: see that there is room, and that you may."),
                _ => exception,
            };
        }
    }

    /// <summary>Makes a copy a backup, which is restored before it is served.</summary>
    internal static BackupReport Mark(DataFiles copy, string name)
    {
        BackupReport report = Count(copy, name);
        SecretFile.Write(copy.BackupMarkPath, JsonSerializer.SerializeToUtf8Bytes(
            new { report.Shares, report.Ops, report.Bytes }, ProtocolJson.Options));
        return report;
    }

    private static StorageException Refuse(string message) => new(StorageFailure.Unavailable, message);

    internal static void CopyDatabase(
        DataFiles source, DataFiles target, IProgress<CheckProgress>? progress, CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using var file = new FileStream(target.DatabasePath, options);
        using (Statements from = source.OpenDatabase())
        using (var to = new SqliteConnection($"Data Source={target.DatabasePath};Pooling=False"))
        {
            // Later commits do not restart the copy.
            SqliteFile.Execute(from.Connection, "BEGIN; SELECT COUNT(*) FROM sqlite_master;");
            to.Open();
            SqliteFile.Execute(to, "PRAGMA synchronous=OFF;"); // synced once, below
            CopyPages(from.Connection, to, progress, cancellationToken);

            // One file, for read-only media.
            SqliteFile.Execute(to, "PRAGMA journal_mode=DELETE;");
        }

        file.Flush(flushToDisk: true);
    }

    private static void CopyPages(
        SqliteConnection from, SqliteConnection to, IProgress<CheckProgress>? progress,
        CancellationToken cancellationToken)
    {
        using sqlite3_backup backup = raw.sqlite3_backup_init(to.Handle, "main", from.Handle, "main");
        int result = 0;
        while (result == 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            result = raw.sqlite3_backup_step(backup, PagesAtOnce);
            int total = raw.sqlite3_backup_pagecount(backup);
            progress?.Report(new CheckProgress("pages", total - raw.sqlite3_backup_remaining(backup), total));
        }

        if (result != Done) throw new SqliteException("the copy failed", result & 0xff, result);
    }

    private static BackupReport Count(DataFiles copy, string name)
    {
        using Statements statements = copy.OpenDatabase();
        var run = new CheckRun(statements, progress: null, CancellationToken.None);
        return new BackupReport(
            name, new FileInfo(copy.DatabasePath).Length, run.Number("SELECT COUNT(*) FROM share WHERE state <> 2"),
            run.Number("SELECT COUNT(*) FROM op"));
    }
}
