namespace ShareRpc.Cli.Terminal;

/// <summary>
/// What is given as a line of standard input, where other users of the machine do not see it. A command that takes
/// several takes them in this order: the link, the token, the passphrase.
/// </summary>
internal static class StandardInput
{
    /// <summary>What stands for a line of standard input where a link or a token file is taken.</summary>
    public const string Dash = "-";

    /// <summary>Returns the next line, and asks for it where a person types.</summary>
    public static string ReadLine(Output output, string what)
    {
        if (!Console.IsInputRedirected) output.Errors.Write($"The {what}: ");
        string? line = Console.In.ReadLine()?.Trim();
        return string.IsNullOrEmpty(line)
            ? throw new CliException(ExitCode.Usage, $"Standard input has no line with the {what}.") : line;
    }
}
