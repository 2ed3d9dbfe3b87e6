using System.CommandLine;
using ShareRpc.Cli.Terminal;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite.Checking;

namespace ShareRpc.Cli.Commands;

internal static class Backup
{
    private static readonly Option<string> Data = new("--data")
    {
        Description = "Data directory of the server", HelpName = "DIR", DefaultValueFactory = _ => Serve.DefaultData,
    };

    private static readonly Argument<string> Destination =
        new("DEST") { Description = "Directory of the copy; must not exist" };

    public static Command Build()
    {
        var command = new Command("backup", Examples.Short(Examples.Backup)) { Data, Destination };
        command.SetAction((parsed, stop) =>
            RunAsync(CommandContext.Of(parsed), parsed.GetValue(Data)!, parsed.GetValue(Destination)!, stop));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, string data, string destination,
        CancellationToken stop)
    {
        var progress = new ProgressLine(context.Output, context.Time);
        BackupReport report;
        try
        {
            report = await Task.Run(() => DataBackup.Run(data, destination, progress, stop),
                stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new CliException(ExitCode.Error,
                "Stopped before the backup was complete. The incomplete copy was removed.");
        }

        context.Output.Say($"{report.Directory}: {report.Shares} share(s), {report.Ops} op(s), {report.Bytes} bytes.");
        context.Output.Say("It contains the server's keys. Keep it safe.");
        context.Output.Emit(report);
        return ExitCode.Ok;
    }
}
