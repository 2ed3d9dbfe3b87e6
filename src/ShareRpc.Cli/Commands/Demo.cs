using System.CommandLine;
using ShareRpc.Cli.Demonstration;

namespace ShareRpc.Cli.Commands;

internal static class Demo
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(28);

    public static Command Build()
    {
        var command = new Command("demo", Examples.Short(Examples.Demo));
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        using var patience = new CancellationTokenSource(Patience, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        try
        {
            await using var demo = new DemoRun(context);
            await demo.RunAsync(either.Token).ConfigureAwait(false);
            return ExitCode.Ok;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            throw new CliException(ExitCode.Error, "The demo failed: it did not end within 28 s.");
        }
    }
}
