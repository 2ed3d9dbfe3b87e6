using Spectre.Console;

namespace ShareRpc.Cli.Terminal;

/// <summary>
/// Where a command writes: text for people, or one JSON object per line. Text is never read as markup; strangers' text goes through
/// <see cref="SafeText"/> first.
/// </summary>
internal sealed class Output
{
    private readonly TextWriter json;
    private readonly bool isTerminal;

    /// <param name="standard">Where the command's result goes.</param>
    /// <param name="error">Where what went wrong goes.</param>
    /// <param name="isJson">Objects for programs instead of text.</param>
    /// <param name="isTerminal">Whether a person looks at it; found out when not given.</param>
    public Output(TextWriter standard, TextWriter error, bool isJson, bool? isTerminal = null)
    {
        json = standard;
        Standard = standard;
        IsJson = isJson;
        this.isTerminal = isTerminal ?? (standard == System.Console.Out && !System.Console.IsOutputRedirected);
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(standard),
            Ansi = this.isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = isTerminal == true ? InteractionSupport.Yes
                : this.isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        Errors = error;
    }

    public TextWriter Standard { get; }

    /// <summary>True with <c>--json</c>.</summary>
    public bool IsJson { get; }

    public IAnsiConsole Console { get; }

    public TextWriter Errors { get; }

    /// <summary>True where a line may be rewritten in place.</summary>
    public bool IsTerminal => !IsJson && isTerminal && Console.Profile.Capabilities.Interactive;

    /// <summary>Text for people only.</summary>
    public void Say(string text, Style? style = null)
    {
        if (IsJson) return;
        Write(text, style);
        Console.WriteLine();
    }

    /// <summary>Text for people without an end of line.</summary>
    public void Write(string text, Style? style = null)
    {
        // Not through Console.Write(Text): that would wrap at the terminal's width and cut a link in two.
        if (!IsJson) Console.Write(new PlainText(text, style ?? Style.Plain));
    }

    /// <summary>An object for programs only: a record, an anonymous object, or what the protocol reads and writes.</summary>
    public void Emit<T>(T record)
    {
        if (!IsJson) return;
        json.WriteLine(JsonLine.Of(record));
        json.Flush();
    }

    /// <summary>Says what went wrong: to people on the error stream, to programs as an object too.</summary>
    public void Fail(string message, int exitCode)
    {
        Errors.WriteLine($"sharerpc: {SafeText.Line(message, 1000)}");
        Emit(new { Error = SafeText.Line(message, 1000), ExitCode = exitCode });
    }
}
