using System.CommandLine;
using ShareRpc.Cli.Terminal;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Storage;

namespace ShareRpc.Cli.Commands;

internal static class Move
{
    public const string Text = """
        Takes the data of a stopped server from a data directory to PostgreSQL, or back.

        Both sides are checked and compared. What was left is not served any more; nothing of it is deleted.

        Examples:
          sharerpc move --from sharerpc-data --to-postgres 'Host=db;Database=sharerpc' --keys keys
          sharerpc move --from-postgres 'Host=db;Database=sharerpc' --keys keys --to sharerpc-data
          sharerpc move --from /backups/2026-11-30 --to-postgres '...' --keys keys   a backup; suspends its tokens
        """;

    private static readonly Option<string?> From = new("--from")
    {
        Description = "Data directory of a server that is stopped, or a backup", HelpName = "DIR",
    };

    private static readonly Option<string?> ToPostgres = new("--to-postgres")
    {
        Description = "A database without data", HelpName = "CONNECTION",
    };

    private static readonly Option<string?> FromPostgres = new("--from-postgres")
    {
        Description = "A database whose nodes are stopped", HelpName = "CONNECTION",
    };

    private static readonly Option<string?> To = new("--to")
    {
        Description = "Data directory, which must not exist", HelpName = "DIR",
    };

    private static readonly Option<string> Keys = new("--keys")
    {
        Description = "File of the keys that every node needs; made if missing", HelpName = "FILE", Required = true,
    };

    public static Command Build()
    {
        var command = new Command("move", Examples.Short(Text)) { From, ToPostgres, FromPostgres, To, Keys };
        command.SetAction((parsed, stop) => RunAsync(
            CommandContext.Of(parsed), parsed.GetValue(From), parsed.GetValue(ToPostgres),
            parsed.GetValue(FromPostgres), parsed.GetValue(To), Path.GetFullPath(parsed.GetValue(Keys)!), stop));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, string? from, string? toPostgres, string? fromPostgres, string? to, string keys,
        CancellationToken stop)
    {
        var progress = new ProgressLine(context.Output, context.Time);
        CheckReport report = (from, toPostgres, fromPostgres, to) switch
        {
            ({ } directory, { } database, null, null) => await Task.Run(
                () => DataMove.ToPostgresAsync(directory, database, keys, progress, stop), stop).ConfigureAwait(false),
            (null, null, { } database, { } directory) => await Task.Run(
                () => DataMove.ToDirectoryAsync(database, keys, directory, context.Time, progress, stop), stop)
                .ConfigureAwait(false),
            _ => throw new CliException(
                ExitCode.Usage, "Name --from and --to-postgres, or --from-postgres and --to."),
        };
        context.Output.Say($"{report.Shares} share(s), {report.Ops} op(s), {report.Documents} document(s), "
            + $"{report.Writers} writer(s) on both sides, and no findings. The keys are in "
            + $"{(to is null ? keys : Path.Combine(to, "keys"))}; the root token is the one of before.");
        context.Output.Emit(new { report.Shares, report.Ops, report.Documents, report.Writers });
        return ExitCode.Ok;
    }
}
