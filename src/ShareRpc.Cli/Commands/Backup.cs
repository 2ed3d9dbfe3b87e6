using System.CommandLine;
using System.Formats.Tar;
using ShareRpc.Cli.Terminal;
using ShareRpc.Protocol.Ids;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite.Checking;

namespace ShareRpc.Cli.Commands;

internal static class Backup
{
    private static readonly Option<string> Data = new("--data")
    {
        Description = "Data directory of the server", HelpName = "DIR", DefaultValueFactory = _ => Serve.DefaultData,
    };

    private static readonly Option<string?> Postgres = new("--postgres")
    {
        Description = "Database of several nodes, in place of a data directory; needs --keys", HelpName = "CONNECTION",
    };

    private static readonly Option<string?> Keys = new("--keys")
    {
        Description = "File of the keys of its nodes", HelpName = "FILE",
    };

    private static readonly Argument<string> Destination =
        new("DEST") { Description = "Directory of the copy, which must not exist; - writes a tar archive" };

    public static Command Build()
    {
        var command = new Command("backup", Examples.Short(Examples.Backup)) { Data, Postgres, Keys, Destination };
        command.SetAction((parsed, stop) =>
        {
            string? postgres = parsed.GetValue(Postgres);
            string? keys = parsed.GetValue(Keys);
            if (postgres is null != keys is null)
                throw new CliException(ExitCode.Usage, "--postgres and --keys go together. See backup --help.");
            return RunAsync(CommandContext.Of(parsed), postgres is null ? parsed.GetValue(Data)! : Path.GetTempPath(),
                parsed.GetValue(Destination)!, postgres, keys, stop);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, string data, string destination, string? postgres, string? keys,
        CancellationToken stop)
    {
        var progress = new ProgressLine(context.Output, context.Time);
        BackupReport report;
        bool isStream = destination == "-";
        if (isStream) destination = Path.Combine(data, $"streaming.{RandomId.New()}");
        try
        {
            report = await Task.Run(
                () => postgres is null ? Task.FromResult(DataBackup.Run(data, destination, progress, stop))
                    : DataMove.BackUpAsync(postgres, keys!, destination, stop),
                stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new CliException(ExitCode.Error,
                "Stopped before the backup was complete. The incomplete copy was removed.");
        }

        if (isStream)
        {
            await StreamAsync(destination, stop).ConfigureAwait(false);
            return ExitCode.Ok;
        }

        context.Output.Say($"{report.Directory}: {report.Shares} share(s), {report.Ops} op(s), {report.Bytes} bytes.");
        context.Output.Say("It contains the server's keys. Keep it safe.");
        context.Output.Emit(report);
        return ExitCode.Ok;
    }

    private static async Task StreamAsync(string copy, CancellationToken stop)
    {
        try
        {
            await using Stream output = Console.OpenStandardOutput();
            await TarFile.CreateFromDirectoryAsync(copy, output, includeBaseDirectory: false, stop)
                .ConfigureAwait(false);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }
}
