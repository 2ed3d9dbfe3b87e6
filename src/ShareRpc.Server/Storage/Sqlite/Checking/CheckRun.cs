using System.Text.Json;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite.Checking;

internal sealed class CheckRun(Statements statements, IProgress<CheckProgress>? progress,
    CancellationToken cancellationToken)
{
    private const int MaxFindings = 1_000;
    private readonly List<CheckFinding> findings = [];
    private bool hasMore;

    public long Shares { get; set; }

    public long Ops { get; set; }

    public long Documents { get; set; }

    public long Writers { get; set; }

    public void Find(string rule, string? shareId, string message)
    {
        if (findings.Count < MaxFindings) findings.Add(new CheckFinding(rule, shareId, message));
        else hasMore = true;
    }

    public void Report(string step, long done = 0, long total = 0) =>
        progress?.Report(new CheckProgress(step, done, total));

    /// <summary>Nested queries must differ in text.</summary>
    public IEnumerable<Rows> Rows(string sql, params SqlValue[] values)
    {
        using Rows row = statements.Query(sql, values);
        while (row.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return row;
        }
    }

    public long Number(string sql, params SqlValue[] values) =>
        statements.ReadNumber(sql, values);

    /// <summary>Reports damage as a finding and continues.</summary>
    public void Try(string what, string? shareId, Action part)
    {
        try
        {
            part();
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.Damaged)
        {
            Find("file", shareId, $"a damaged page was met while reading the {what}");
        }
        catch (Exception exception) when (
            exception is InvalidOperationException or InvalidCastException or FormatException or JsonException)
        {
            Find("file", shareId, $"a row of the {what} holds what it never should");
        }
    }

    public CheckReport ToReport() => new()
    {
        Shares = Shares, Ops = Ops, Documents = Documents, Writers = Writers, Findings = [.. findings],
        HasMore = hasMore,
    };
}
