namespace ShareRpc.Cli.Terminal;

internal static class Question
{
    /// <summary>Ends the command unless confirmed; without a terminal, <c>--yes</c> is required.</summary>
    public static void Confirm(CommandContext context, string question, bool yes)
    {
        if (yes) return;
        if (!context.Output.IsTerminal || Console.IsInputRedirected)
            throw new CliException(ExitCode.Usage, "Nothing was changed: this needs confirmation. Repeat with --yes.");
        context.Output.Write($"{question} [y/N] ");
        string? answer = Console.ReadLine()?.Trim();
        if (answer is "y" or "Y" or "yes") return;
        throw new CliException(ExitCode.Error, "Nothing was changed.");
    }
}
