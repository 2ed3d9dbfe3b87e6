using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using ShareRpc.Cli.Commands;
using ShareRpc.Cli.Telemetry;
using ShareRpc.Cli.Terminal;

namespace ShareRpc.Cli;

internal static class CommandLine
{
    /// <summary>The time to end after Ctrl-C or SIGTERM.</summary>
    private static readonly TimeSpan TerminationTime = TimeSpan.FromSeconds(30);

    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Prints one JSON object per line instead of text",
        Recursive = true,
    };

    public static Option<string?> State { get; } = new("--state")
    {
        Description =
            "Directory of the outbox and the credentials [default: $SHARERPC_STATE, else $XDG_DATA_HOME/sharerpc, "
            + "else ~/.local/share/sharerpc]",
        HelpName = "DIR",
        Recursive = true,
    };

    public static async Task<int> RunAsync(
        string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken = default)
    {
        ParseResult parsed = Build().Parse(args);
        var result = new Output(output, error, parsed.GetValue(Json));
        if (parsed.Action is ParseErrorAction)
        {
            string command = parsed.CommandResult.Command is RootCommand
                ? "sharerpc" : $"sharerpc {parsed.CommandResult.Command.Name}";
            result.Fail($"{parsed.Errors[0].Message} See {command} --help.", ExitCode.Usage);
            return ExitCode.Usage;
        }

        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TerminationTime,
        };
        using IDisposable? export = IsServing(parsed) ? null : TelemetryExport.StartForClient();
        try
        {
            return await parsed.InvokeAsync(configuration, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (result.IsClosed)
        {
            return ExitCode.Ok; // whoever read the output has enough
        }
        catch (Exception failure) when (Failure.Of(failure) is var (exitCode, message))
        {
            result.Fail(message, exitCode);
            return exitCode;
        }
    }

    /// <summary>A server exports by itself.</summary>
    private static bool IsServing(ParseResult parsed) => parsed.CommandResult.Command.Name == "serve";

    private static RootCommand Build()
    {
        var root = new RootCommand(Examples.Short(Examples.Root))
        {
            Json, State, Serve.Build(), Init.Build(), Share.Build(), Sessions.Build(), Watch.Build(), Pull.Build(),
            Export.Build(), Preview.Build(),
            Invite.Build(), Comments.Build(), Who.Build(), Audit.Build(),
            Revoke.Build(), Suspend.Build(), Suspend.BuildResume(),
            Rotate.Build(),
            Keep.Build(),
            Rm.Build(), Ls.Build(), Find.Build(), Mcp.Build(), Agent.Build(), Outbox.Build(), Secrets.Build(),
            Backup.Build(), Restore.Build(), Move.Build(), Check.Build(), Demo.Build(),
            DoctorCommand.Build(),
        };
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }
}
