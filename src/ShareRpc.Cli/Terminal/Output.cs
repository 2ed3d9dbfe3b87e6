using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ShareRpc.Server.Storage;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ShareRpc.Cli.Terminal;

/// <summary>Text is never markup; pass untrusted text through <see cref="SafeText"/> first.</summary>
internal sealed class Output
{
    private readonly TextWriter json;
    private readonly bool isTerminal;
    private readonly bool isPipe;
    private Action? endlessStop;

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
        isPipe = standard == System.Console.Out && System.Console.IsOutputRedirected;
    }

    public TextWriter Standard { get; }

    public bool IsJson { get; }

    public IAnsiConsole Console { get; }

    public TextWriter Errors { get; }

    /// <summary>
    /// Returns what stops a command that prints without end: Ctrl-C, or a line that nobody reads any more, as behind
    /// <c>| head -1</c>.
    /// </summary>
    public CancellationTokenSource StopOrClosed(CancellationToken stop)
    {
        var either = CancellationTokenSource.CreateLinkedTokenSource(stop);
        endlessStop = either.Cancel;
        return either;
    }

    /// <summary>Gets whether nobody reads the output any more.</summary>
    public bool IsClosed => isPipe && OutputPipe.IsClosed();

    /// <summary>Gets whether a line may be rewritten in place.</summary>
    public bool IsTerminal => !IsJson && isTerminal && Console.Profile.Capabilities.Interactive;

    /// <summary>Does nothing with <c>--json</c>.</summary>
    public void Say(string text, Style? style = null)
    {
        if (IsJson) return;
        Write(text, style);
        Console.WriteLine();
        LookAtReader();
    }

    /// <summary>Does nothing with <c>--json</c>.</summary>
    public void Write(string text, Style? style = null)
    {
        // Not through Console.Write(Text): that would wrap at the terminal's width and cut a link in two.
        if (IsJson) return;
        Console.Write(new PlainText(SafeText.HasCodes(text) ? SafeText.Block(text) : text, style ?? Style.Plain));
    }

    /// <summary>Does nothing without <c>--json</c>.</summary>
    public void Emit<T>(T record)
    {
        if (!IsJson) return;
        json.WriteLine(JsonLine.Of(record));
        json.Flush();
        LookAtReader();
    }

    /// <summary>Prints a line on the error stream.</summary>
    public void Note(string message) => Errors.WriteLine(SafeText.Line(message, 1000));

    /// <summary>Says what went wrong: to people on the error stream, to programs as an object too.</summary>
    public void Fail(string message, int exitCode)
    {
        Errors.WriteLine($"sharerpc: {SafeText.Line(message, 1000)}");
        try
        {
            Emit(new { Error = SafeText.Line(message, 1000), ExitCode = exitCode });
        }
        catch (IOException)
        {
            // Where the output goes may be what failed.
        }
    }

    /// <summary>Looks after a write: .NET reports none to a closed pipe.</summary>
    private void LookAtReader()
    {
        if (endlessStop is not { } stop || !IsClosed) return;
        endlessStop = null;
        stop();
    }
}

/// <summary>Text without wrapping or markup.</summary>
internal sealed class PlainText(string text, Style style) : Renderable
{
    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (i > 0) yield return Segment.LineBreak;
            if (lines[i].Length > 0) yield return new Segment(lines[i], style);
        }
    }
}

/// <summary>One line of snake_case JSON without nulls; control characters escaped.</summary>
internal static class JsonLine
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Of<T>(T record)
    {
        string json = JsonSerializer.Serialize(record, Options);

        // Raw op data may contain these characters; JSON allows them escaped.
        if (!json.Any(IsActive)) return json;
        var safe = new StringBuilder(json.Length);
        foreach (char character in json)
        {
            if (IsActive(character)) safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            else safe.Append(character);
        }

        return safe.ToString();
    }

    private static bool IsActive(char character) =>
        char.IsControl(character)
            || character is '\u2028' or '\u2029' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}

/// <summary>Prints to the error stream, at most once per second; not with <c>--json</c>.</summary>
internal sealed class ProgressLine(Output output, TimeProvider time) : IProgress<CheckProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private long said = time.GetTimestamp();

    public void Report(CheckProgress value)
    {
        if (output.IsJson || time.GetElapsedTime(said) < Interval) return;
        said = time.GetTimestamp();
        output.Errors.WriteLine(value.Total > 0 ? $"{value.Step}: {value.Done} of {value.Total}" : $"{value.Step}…");
    }
}
