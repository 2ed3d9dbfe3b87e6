using System.CommandLine;
using ShareRpc.Cli.Configuration;
using ShareRpc.Cli.Doctor;
using ShareRpc.Cli.State;
using ShareRpc.Cli.Terminal;
using Spectre.Console;

namespace ShareRpc.Cli.Commands;

internal static class DoctorCommand
{
    private const int LongestLine = 500;

    private static readonly Option<bool> Ready = new("--ready")
    {
        Description = "Only asks /readyz, prints nothing, and ends with 0 or 1: for health checks",
    };

    public static Command Build()
    {
        Option<string?> server = Inputs.Server();
        Option<string?> tokenFile = Inputs.TokenFile();
        var command = new Command("doctor", Examples.Short(Examples.Doctor)) { server, tokenFile, Ready, BuildServe() };
        command.SetAction(async (parsed, stop) =>
        {
            CommandContext context = CommandContext.Of(parsed);
            Uri address = Inputs.ServerAddress(context, parsed.GetValue(server));
            if (parsed.GetValue(Ready)) return await ClientDoctor.IsReadyAsync(address).ConfigureAwait(false)
                ? ExitCode.Ok : ExitCode.Error;
            var doctor = new ClientDoctor(context, address, new CreatorToken(context, parsed.GetValue(tokenFile)));
            int failures = 0;
            await foreach (Finding finding in doctor.RunAsync().WithCancellation(stop).ConfigureAwait(false))
                failures += Show(context.Output, finding);
            return End(context.Output, failures);
        });
        return command;
    }

    private static Command BuildServe()
    {
        var command = new Command("serve", "Looks at what sharerpc serve needs here, by the same file and flags");
        var flags = new ServeFlags(command);
        command.SetAction(async (parsed, stop) =>
        {
            Output output = CommandContext.Of(parsed).Output;
            var doctor = new ServerDoctor(flags.Read(parsed).Options, TimeProvider.System);
            IReadOnlyList<Finding> findings = await doctor.RunAsync(stop).ConfigureAwait(false);
            return End(output, findings.Sum(finding => Show(output, finding)));
        });
        return command;
    }

    /// <summary>Returns 1 for a failure, else 0.</summary>
    private static int Show(Output output, Finding finding)
    {
        (string mark, Color colour) = finding.Verdict switch
        {
            Verdict.Ok => ("ok     ", Color.Green),
            Verdict.Warning => ("warning", Color.Yellow),
            _ => ("FAILED ", Color.Red),
        };
        output.Say($"{mark}  {finding.Check}: {SafeText.Line(finding.Message, LongestLine)}", new Style(colour));
        if (finding.Action is { } action) output.Say($"         -> {SafeText.Line(action, LongestLine)}");
        output.Emit(new { finding.Check, Verdict = finding.Verdict.ToString().ToUpperInvariant(), finding.Message,
            finding.Action });
        return finding.Verdict == Verdict.Failure ? 1 : 0;
    }

    private static int End(Output output, int failures)
    {
        output.Say(failures == 0 ? "Nothing is broken." : $"{failures} check(s) failed.");
        return failures == 0 ? ExitCode.Ok : ExitCode.Error;
    }
}
