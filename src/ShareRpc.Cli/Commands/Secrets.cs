using System.CommandLine;
using ShareRpc.Cli.Terminal;
using ShareRpc.Sources.Secrets;
using Spectre.Console;

namespace ShareRpc.Cli.Commands;

internal static class Secrets
{
    private const long MaxFileBytes = 256 * 1024 * 1024;

    private static readonly Option<string?> More = RulesFile();
    private static readonly Argument<string> File = new("FILE") { Description = "Text file to scan, at most 256 MiB" };

    public static Option<string?> RulesFile() => new("--secret-rules")
    {
        Description = "File with more rules, or built-in ones to leave out (see sharerpc secrets --help)",
        HelpName = "FILE",
    };

    public static Command Build()
    {
        var rules = new Command("rules", "Lists the rules and what each finds.") { More };
        rules.SetAction(parsed => ListRules(CommandContext.Of(parsed), parsed.GetValue(More)));
        var scan = new Command("scan", "Prints where the rules match in a file, never what; exit code 1 if they do.")
        {
            File, More,
        };
        scan.SetAction((parsed, stop) =>
            ScanAsync(CommandContext.Of(parsed), parsed.GetRequiredValue(File), parsed.GetValue(More), stop));
        return new Command("secrets", Examples.Short(Examples.Secrets)) { rules, scan };
    }

    public static SecretScanner ScannerOf(string? rulesFile) =>
        rulesFile is null ? SecretScanner.BuiltIn : new SecretScanner(RulesOf(rulesFile));

    private static SecretRuleSet RulesOf(string? rulesFile)
    {
        try
        {
            return rulesFile is null ? SecretRuleSet.BuiltIn : SecretRuleSet.Extended(rulesFile);
        }
        catch (SecretRulesException error)
        {
            throw new CliException(ExitCode.Usage, error.Message);
        }
    }

    private static int ListRules(CommandContext context, string? rulesFile)
    {
        foreach (SecretRule rule in RulesOf(rulesFile).Rules)
        {
            context.Output.Emit(new { rule.Id, rule.What, rule.Keywords, rule.Pattern, rule.Field, rule.Mixed });
            context.Output.Write($"{rule.Id,-18}  ", new Style(decoration: Decoration.Bold));
            context.Output.Say(SafeText.Line(rule.What));
        }

        context.Output.Say("A finding becomes [redacted:RULE]. What no rule matches is sent as it is.");
        return ExitCode.Ok;
    }

    private static async Task<int> ScanAsync(CommandContext context, string path, string? rulesFile,
        CancellationToken stop)
    {
        SecretScanner scanner = ScannerOf(rulesFile);
        if (!System.IO.File.Exists(path)) throw new CliException(ExitCode.Error, $"There is no file {path}.");
        if (new FileInfo(path).Length > MaxFileBytes)
            throw new CliException(ExitCode.Error, $"{path} is larger than {MaxFileBytes / (1024 * 1024)} MiB.");
        string text = await System.IO.File.ReadAllTextAsync(path, stop).ConfigureAwait(false);
        IReadOnlyList<SecretFinding> found = scanner.Find(text);
        foreach (SecretFinding finding in found)
        {
            context.Output.Emit(finding);
            context.Output.Say(
                $"{SafeText.Line(path)}:{finding.Line}:{finding.Column}  {finding.Rule}  ({finding.Length} "
                    + "characters)");
        }

        if (found.Count == 0)
            context.Output.Say("No rule matches. The file can still contain secrets that no rule knows.");
        return found.Count == 0 ? ExitCode.Ok : ExitCode.Error;
    }
}
