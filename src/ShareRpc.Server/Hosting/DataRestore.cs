using ShareRpc.Protocol.Ids;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Server.Storage.Sqlite.Checking;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Hosting;

/// <summary>
/// Puts a backup in place of a data directory whose server is stopped. What was revoked since the backup stays revoked,
/// by <c>revoked.log</c> of that directory; without it, all refs but the root are suspended.
/// </summary>
internal static class DataRestore
{
    private const string Restoring = "restoring.";

    /// <summary>
    /// Checks the backup, prepares it beside the data, and only then replaces it; the old files are moved to a
    /// directory of their own. A crash at any moment leaves the old data, or a directory that is served only after the
    /// restore was run again.
    /// </summary>
    /// <param name="backup">What <c>sharerpc backup</c> made.</param>
    /// <param name="dataDirectory">Where to; it may be missing.</param>
    /// <param name="acceptsOldAccess">Whether access as of the backup is good without <c>revoked.log</c>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="progress">How far the check is.</param>
    /// <param name="cancellationToken">Ends the check; what follows is short.</param>
    /// <exception cref="ServerStartException">The message names the fault and the next step.</exception>
    /// <exception cref="StorageException">As above.</exception>
    public static async Task<RestoreReport> RunAsync(
        string backup, string dataDirectory, bool acceptsOldAccess, TimeProvider time,
        IProgress<CheckProgress>? progress, CancellationToken cancellationToken)
    {
        DataFiles source = DataFiles.Find(backup);
        CheckReport check = DataCheck.Run(backup, progress, cancellationToken);
        if (check.Findings.Count > 0)
        {
            throw new ServerStartException($"{source.Directory} is damaged ({check.Findings[0]}), and nothing was "
                + "changed. Take another backup; sharerpc check --data shows all findings.");
        }

        using DataDirectory directory = DataDirectory.Open(dataDirectory, isRestoring: true);
        var target = new DataFiles(directory.Path);
        if (source.Directory == target.Directory) throw new ServerStartException("A backup is not its own target.");
        CheckSameServer(source, target);
        try
        {
            foreach (string left in Directory.GetDirectories(directory.Path, Restoring + "*"))
                Directory.Delete(left, recursive: true);
            var made = new DataFiles(Path.Combine(directory.Path, Restoring + RandomId.New()));
            Copy(source, made);
            RestoreReport report = await PrepareAsync(made, target, acceptsOldAccess, time).ConfigureAwait(false);
            report = report with { Shares = check.Shares, Ops = check.Ops };
            string? old = Replace(directory, made, target, time);
            return report with { ReplacedDirectory = old };
        }
        catch (Exception exception) when (directory.Explain(exception) is { } explained)
        {
            throw explained;
        }
    }

    /// <summary>Ends the suspension that a restore without <c>revoked.log</c> began; returns how many refs.</summary>
    public static async Task<int> AcceptOldAccessAsync(string dataDirectory, TimeProvider time)
    {
        DataFiles.Find(dataDirectory);
        using DataDirectory directory = DataDirectory.Open(dataDirectory);
        try
        {
            using SqliteShareStore store = SqliteShareStore.Open(directory.DatabasePath, time);
            return await store.ResumeRestoredAsync(time.GetUtcNow().ToUnixTimeMilliseconds()).ConfigureAwait(false);
        }
        catch (Exception exception) when (directory.Explain(exception) is { } explained)
        {
            throw explained;
        }
    }

    private static void CheckSameServer(DataFiles source, DataFiles target)
    {
        if (source.DescribeKeyTrouble() is { } trouble)
            throw new ServerStartException($"The backup is no use: {trouble}.");
        bool isOther = File.Exists(target.KeyPath)
            && !File.ReadAllBytes(target.KeyPath).AsSpan().SequenceEqual(File.ReadAllBytes(source.KeyPath));
        if (!isOther) return;
        throw new ServerStartException(
            $"{target.Directory} belongs to another server than the backup (other keys): name another --data.");
    }

    private static void Copy(DataFiles source, DataFiles made)
    {
        DurableDirectory.Create(made.Directory);
        DurableDirectory.Create(Path.GetDirectoryName(made.KeyPath)!);
        SecretFile.Write(made.KeyPath, File.ReadAllBytes(source.KeyPath));
        if (File.Exists(source.RootTokenPath))
            SecretFile.Write(made.RootTokenPath, File.ReadAllBytes(source.RootTokenPath));
        DataBackup.CopyDatabase(source, made, progress: null, CancellationToken.None);
    }

    private static async Task<RestoreReport> PrepareAsync(
        DataFiles made, DataFiles target, bool acceptsOldAccess, TimeProvider time)
    {
        long known = 0;
        long id = 0;
        using (Statements before = made.OpenDatabase())
        {
            if (before.ReadNumber("SELECT COUNT(*) FROM sqlite_master WHERE name = 'setting'") > 0)
            {
                known = before.ReadNumber(StoreSettings.Get, StoreSettings.Revoked);
                id = before.ReadNumber(StoreSettings.Get, StoreSettings.RevokedLog);
            }
        }

        bool isKnown = RevokedLog.Covers(target.RevokedLogPath, known, id);
        if (!isKnown) RevokedLog.BeginFrom(target.RevokedLogPath, made.RevokedLogPath, known, id);
        using SqliteShareStore store = SqliteShareStore.Open(
            made.DatabasePath, time, revokedLog: isKnown ? target.RevokedLogPath : made.RevokedLogPath);
        return await store.MarkRestoredAsync(
            time.GetUtcNow().ToUnixTimeMilliseconds(), suspends: !isKnown && !acceptsOldAccess)
            .ConfigureAwait(false);
    }

    /// <summary>Returns where the old files are; null if there were none.</summary>
    private static string? Replace(DataDirectory directory, DataFiles made, DataFiles target, TimeProvider time)
    {
        SecretFile.Write(directory.RestoreMarkPath, []);
        string old = Path.Combine(directory.Path, $"replaced.{time.GetUtcNow():yyyyMMdd'T'HHmmssfff}");
        foreach (string suffix in (string[])["", "-wal", "-shm"])
        {
            MoveAway(target.DatabasePath + suffix, old);
            MoveAway(directory.SearchPath + suffix, old); // made anew, of the other log
        }

        MoveAway(target.RootTokenPath, old);
        if (File.Exists(made.RevokedLogPath) && File.Exists(target.RevokedLogPath))
        {
            // A copy: after a crash here, the next restore needs what it says.
            DurableDirectory.Create(old);
            File.Copy(target.RevokedLogPath, Path.Combine(old, RevokedLog.FileName));
        }

        DurableDirectory.Create(Path.GetDirectoryName(target.KeyPath)!);
        foreach ((string from, string to) in
            ((string, string)[])
            [
                (made.RevokedLogPath, target.RevokedLogPath), // only if another one was begun
                (made.KeyPath, target.KeyPath), (made.RootTokenPath, target.RootTokenPath),
                (made.DatabasePath, target.DatabasePath),
            ])
        {
            if (!File.Exists(from)) continue;
            File.Move(from, to, overwrite: true);
            DurableDirectory.Sync(Path.GetDirectoryName(to)!);
        }

        File.Delete(directory.RestoreMarkPath);
        Directory.Delete(made.Directory, recursive: true);
        DurableDirectory.Sync(directory.Path);
        return Directory.Exists(old) ? old : null;
    }

    private static void MoveAway(string path, string directory)
    {
        if (!File.Exists(path)) return;
        DurableDirectory.Create(directory);
        File.Move(path, Path.Combine(directory, Path.GetFileName(path)));
        DurableDirectory.Sync(directory);
    }
}
