using System.CommandLine;
using System.Text;
using ShareRpc.Cli.State;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Terminal;

/// <summary>Reads a passphrase; never from an argument, which other processes could read.</summary>
internal sealed class PassphraseInput(string description)
{
    private readonly Option<bool> ask =
        new("--passphrase") { Description = $"{description}: it is asked for, or read as a line of standard input" };
    private readonly Option<string?> file = new("--passphrase-file")
    {
        Description = "Reads the passphrase from the first line of this file; - for standard input", HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        command.Add(ask);
        command.Add(file);
        command.Validators.Add(result =>
        {
            if (result.GetValue(ask) && result.GetResult(file) is not null)
                result.AddError("--passphrase and --passphrase-file exclude each other.");
        });
    }

    /// <summary>Returns what the options say; null when they say nothing.</summary>
    /// <param name="context">Where to ask.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="isNew">Whether it is being chosen: then it is asked for twice.</param>
    public string? Read(CommandContext context, ParseResult parsed, bool isNew)
    {
        if (parsed.GetValue(file) is { } path && path != StandardInput.Dash)
        {
            if (!File.Exists(path)) throw new CliException(ExitCode.Error, $"There is no file {path}.");
            return Checked(LocalFile.Use(
                path, "Name a file that it may read.", () => File.ReadLines(path).FirstOrDefault()));
        }

        if (!parsed.GetValue(ask) && parsed.GetValue(file) is null) return null;
        if (Console.IsInputRedirected) return Checked(Console.In.ReadLine());
        string passphrase = Ask(context);
        if (isNew && Prompted(context, "Again: ") != passphrase)
            throw new CliException(ExitCode.Usage, "The passphrases differ. Nothing was changed.");
        return passphrase;
    }

    /// <summary>Asks up to 3 times if the server requires it.</summary>
    public static async Task<int> WithAsync(CommandContext context, string? given, Func<string?, Task<int>> act)
    {
        const int Tries = 3;
        for (int tries = 1; ; tries++)
        {
            try
            {
                return await act(given).ConfigureAwait(false);
            }
            catch (ShareRpcException refused) when (
                refused.Code == ErrorCode.PassphraseRequired && tries <= Tries && context.Output.IsTerminal
                    && !Console.IsInputRedirected)
            {
                given = Ask(context);
            }
        }
    }

    private static string Ask(CommandContext context) => Checked(Prompted(context, "Passphrase: "));

    private static string Prompted(CommandContext context, string prompt)
    {
        context.Output.Errors.Write(prompt);
        var typed = new StringBuilder();
        while (true)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            if (key.Key == ConsoleKey.Enter) break;
            if (key.Key == ConsoleKey.Backspace) typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar)) typed.Append(key.KeyChar);
        }

        context.Output.Errors.WriteLine();
        return typed.ToString();
    }

    /// <summary>Returns NFC, the same on every machine.</summary>
    private static string Checked(string? passphrase)
    {
        if (string.IsNullOrEmpty(passphrase)) throw new CliException(ExitCode.Usage, "The passphrase is empty.");
        if (passphrase.Length > Passphrase.MaxLength)
            throw new CliException(ExitCode.Usage, $"The passphrase is longer than {Passphrase.MaxLength} characters.");
        return passphrase.Normalize(NormalizationForm.FormC);
    }
}
