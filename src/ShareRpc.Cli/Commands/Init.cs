using System.CommandLine;
using ShareRpc.Server.Hosting;

namespace ShareRpc.Cli.Commands;

/// <summary>Prepares a database for nodes, once.</summary>
internal static class Init
{
    private static readonly Option<string> Postgres = new("--postgres")
    {
        Description = "The database: Host=db;Database=sharerpc;Username=sharerpc", HelpName = "CONNECTION",
        Required = true,
    };

    private static readonly Option<string> Keys = new("--keys")
    {
        Description = "File of the keys that every node needs; made if missing", HelpName = "FILE", Required = true,
    };

    private static readonly Option<string> RootToken = new("--root-token")
    {
        Description = "File that the root token is written to", HelpName = "FILE", Required = true,
    };

    public static Command Build()
    {
        var command = new Command("init", Examples.Short(Examples.Init)) { Postgres, Keys, RootToken };
        command.SetAction(async (parsed, stop) =>
        {
            CommandContext context = CommandContext.Of(parsed);
            string keys = Path.GetFullPath(parsed.GetValue(Keys)!);
            string token = Path.GetFullPath(parsed.GetValue(RootToken)!);
            bool isNew = await PostgresStart.InitAsync(parsed.GetValue(Postgres)!, keys, token, context.Time, stop)
                .ConfigureAwait(false);
            context.Output.Say(isNew
                ? $"The database is ready. The root token is in {token}, the keys are in {keys} (both mode 0600)."
                : "The database was ready before: its schema is up to date, and no root token was made.");
            context.Output.Emit(new { Created = isNew, RootToken = token, Keys = keys });
            return ExitCode.Ok;
        });
        return command;
    }
}
