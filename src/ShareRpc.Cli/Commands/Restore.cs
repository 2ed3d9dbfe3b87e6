using System.CommandLine;
using ShareRpc.Cli.Terminal;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;

namespace ShareRpc.Cli.Commands;

internal static class Restore
{
    public const string Text = """
        Checks a backup, and puts it in place of the data directory of a server that is stopped.

        The old files are kept. What was revoked since stays so, by revoked.log (docs/deploy.md).

        Examples:
          sharerpc restore /backups/sharerpc-2026-11-21 --data /var/lib/sharerpc
          sharerpc restore --accept-old-access --data /var/lib/sharerpc     ends the suspension
        """;

    private static readonly Option<string> Data = new("--data")
    {
        Description = "Data directory of the server, which is stopped", HelpName = "DIR",
        DefaultValueFactory = _ => Serve.DefaultData,
    };

    private static readonly Option<string?> Postgres = new("--postgres")
    {
        Description = "A database that was put back by other means: suspends its tokens, and tells readers",
        HelpName = "CONNECTION",
    };

    private static readonly Option<bool> AcceptOldAccess = new("--accept-old-access")
    {
        Description = "Takes access as the backup has it, though revoked.log is missing; without BACKUP: ends the "
            + "suspension of an earlier restore",
    };

    private static readonly Argument<string?> From =
        new("BACKUP") { Description = "Directory that sharerpc backup made", Arity = ArgumentArity.ZeroOrOne };

    public static Command Build()
    {
        var command = new Command("restore", Examples.Short(Text))
        {
            Data, Postgres, AcceptOldAccess, From,
        };
        command.SetAction((parsed, stop) => RunAsync(
            CommandContext.Of(parsed), parsed.GetValue(From), parsed.GetValue(Data)!,
            parsed.GetValue(Postgres), parsed.GetValue(AcceptOldAccess), stop));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, string? backup, string data, string? postgres, bool acceptsOldAccess,
        CancellationToken stop)
    {
        if (backup is not null && postgres is not null)
            throw new CliException(ExitCode.Usage, "A backup directory is of a data directory, not of --postgres.");
        if (postgres is not null && !acceptsOldAccess)
        {
            Say(context, "The database",
                await PostgresRestore.RunAsync(postgres, stop).ConfigureAwait(false));
            return ExitCode.Ok;
        }

        if (backup is null && !acceptsOldAccess)
            throw new CliException(ExitCode.Usage, "Name the backup. See sharerpc restore --help.");
        if (backup is null)
        {
            int resumed = await (postgres is not null
                ? PostgresRestore.AcceptOldAccessAsync(postgres, stop)
                : DataRestore.AcceptOldAccessAsync(data, context.Time)).ConfigureAwait(false);
            context.Output.Say($"{resumed} capability(ies) below the root are good again, with all below them.");
            context.Output.Emit(new { Resumed = resumed });
            return ExitCode.Ok;
        }

        var progress = new ProgressLine(context.Output, context.Time);
        RestoreReport report;
        try
        {
            report = await Task.Run(
                () => DataRestore.RunAsync(backup, data, acceptsOldAccess, context.Time, progress, stop), stop)
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new CliException(ExitCode.Error, "Stopped before anything was replaced.");
        }

        Say(context, data, report);
        return ExitCode.Ok;
    }

    private static void Say(CommandContext context, string data, RestoreReport report)
    {
        context.Output.Say($"{data}: {report.Shares} share(s), {report.Ops} op(s). Changes of access since the backup "
            + $"that were applied: {report.Applied}.");
        if (report.ReplacedDirectory is { } old)
            context.Output.Say($"The old files are in {old}. Remove them when all is well.");
        if (report.Suspended > 0)
        {
            context.Output.Say($"revoked.log is missing, incomplete or of another history: all but the root token "
                + $"({report.Suspended} below it) is suspended. Resume what is to be good (sharerpc resume), or take "
                + "all of it: sharerpc restore --accept-old-access, with the same --data or --postgres.");
        }

        context.Output.Emit(report);
    }
}
