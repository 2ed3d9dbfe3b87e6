using System.CommandLine;
using ShareRpc.Cli.Terminal;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres.Checking;
using ShareRpc.Server.Storage.Sqlite.Checking;
using Spectre.Console;

namespace ShareRpc.Cli.Commands;

internal static class Check
{
    private const int LongestLine = 500;

    private static readonly Option<string> Data = new("--data")
    {
        Description = "Data directory of a server, or a backup", HelpName = "DIR", DefaultValueFactory = _ =>
            Serve.DefaultData,
    };

    private static readonly Option<string?> Postgres = new("--postgres")
    {
        Description = "Database of several nodes, in place of a data directory", HelpName = "CONNECTION",
    };

    private static readonly Option<string?> KeyFile = new("--key-file")
    {
        Description = "Keys of the nodes: signatures of the audit trail are verified, too", HelpName = "FILE",
    };

    public static Command Build()
    {
        var command = new Command("check", Examples.Short(Examples.Check)) { Data, Postgres, KeyFile };
        command.SetAction((parsed, stop) => RunAsync(
            CommandContext.Of(parsed), parsed.GetValue(Data)!, parsed.GetValue(Postgres), parsed.GetValue(KeyFile),
            stop));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, string data, string? postgres, string? keyFile, CancellationToken stop)
    {
        var progress = new ProgressLine(context.Output, context.Time);
        CheckReport report;
        try
        {
            report = postgres is not null
                ? await PostgresCheck.RunAsync(postgres, KeysOf(keyFile), stop).ConfigureAwait(false)
                : await Task.Run(() => DataCheck.Run(data, progress, stop), stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new CliException(ExitCode.Error, "Stopped before the check was complete. There is no result.");
        }

        if (postgres is not null && keyFile is null)
            context.Output.Note("Signatures of the audit trail were not verified: name the keys with --key-file.");
        foreach (CheckFinding finding in report.Findings)
        {
            context.Output.Say(SafeText.Line(finding.ToString(), LongestLine), new Style(Color.Red));
            context.Output.Emit(finding);
        }

        bool isSound = report.Findings.Count == 0;
        string looked =
            $"{report.Shares} share(s), {report.Ops} op(s), {report.Documents} document(s), {report.Writers} writer(s)";
        string count = report.HasMore ? $"more than {report.Findings.Count}" : $"{report.Findings.Count}";
        string verdict = isSound ? "no findings." : $"{count} finding(s). Stop the server and restore a backup.";
        context.Output.Say($"{looked}: {verdict}");
        context.Output.Emit(new
        {
            Ok = isSound, report.Shares, report.Ops, report.Documents, report.Writers, Findings = report.Findings.Count,
            report.HasMore,
        });
        return isSound ? ExitCode.Ok : ExitCode.Error;
    }

    private static AuditKeys? KeysOf(string? keyFile) =>
        keyFile is null ? null : new AuditKeys(Server.Access.Redeeming.KeyFile.Read(keyFile).Select(key => key.Bytes));
}
