using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite.Checking;

/// <summary>Checks a data directory or backup read-only, even while in use, in constant memory.</summary>
public static class DataCheck
{
    /// <summary>
    /// Runs every check. Throws <see cref="StorageException"/> for a missing or unreadable database,
    /// <see cref="OperationCanceledException"/>.
    /// </summary>
    public static CheckReport Run(string dataDirectory, IProgress<CheckProgress>? progress,
        CancellationToken cancellationToken)
    {
        DataFiles files = DataFiles.Find(dataDirectory);
        using Statements statements = files.OpenDatabase();
        using CancellationTokenRegistration interrupt =
            cancellationToken.Register(() => SQLitePCL.raw.sqlite3_interrupt(statements.Connection.Handle));
        try
        {
            return Run(files, statements, progress, cancellationToken);
        }
        catch (StorageException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    private static CheckReport Run(
        DataFiles files, Statements statements, IProgress<CheckProgress>? progress, CancellationToken cancellationToken)
    {
        var run = new CheckRun(statements, progress, cancellationToken);
        if (files.DescribeKeyTrouble() is { } trouble) run.Find("file", null, trouble);
        AuditKeys? keys = files.ReadKey() is { } key ? new AuditKeys([key]) : null;
        run.Try("database", null, () =>
        {
            SqliteFile.Execute(statements.Connection, "BEGIN");
            FileCheck.Pages(run);
        });
        bool isReadable = false;
        run.Try("schema", null, () => isReadable = FileCheck.Schema(run));
        if (isReadable)
        {
            run.Try("capabilities", null, () => ReferenceCheck.Run(run));
            run.Try("audit trail", null, () => AuditCheck.Run(run, keys));
            run.Try("shares", null, () => Shares(run));
        }

        return run.ToReport();
    }

    private static void Shares(CheckRun run)
    {
        long total = run.Number("SELECT COUNT(*) FROM share");
        foreach (
            Rows row in run.Rows("SELECT share_key, share_id, folded, state, compacted FROM share ORDER BY share_key"))
        {
            run.Report("shares", run.Shares++, total);
            var share = new CheckedShare(row.Number(0), row.Text(1), row.Number(2), row.Number(4));

            // Erased in steps.
            if ((ShareState)row.Number(3) == ShareState.Deleted) continue;
            long head = 0;
            run.Try("log", share.ShareId, () => head = LogCheck.Run(run, share));
            run.Try("writers", share.ShareId, () => WriterCheck.Run(run, share, head));
            run.Try("documents", share.ShareId, () => FoldCheck.Run(run, share, head));
        }

        run.Report("shares", total, total);
    }
}
