using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ShareRpc.Server.Storage.Sqlite.Checking;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ShareRpc.Cli.Terminal;

/// <summary>
/// Where a command writes: text for people, or one JSON object per line. Text is never read as markup; strangers' text
/// goes through <see cref="SafeText"/> first.
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

    /// <summary>Gets whether <c>--json</c> was given.</summary>
    public bool IsJson { get; }

    public IAnsiConsole Console { get; }

    public TextWriter Errors { get; }

    /// <summary>Gets whether a line may be rewritten in place.</summary>
    public bool IsTerminal => !IsJson && isTerminal && Console.Profile.Capabilities.Interactive;

    /// <summary>Prints text for people; nothing with <c>--json</c>.</summary>
    public void Say(string text, Style? style = null)
    {
        if (IsJson) return;
        Write(text, style);
        Console.WriteLine();
    }

    /// <summary>Prints text for people without an end of line; nothing with <c>--json</c>.</summary>
    public void Write(string text, Style? style = null)
    {
        // Not through Console.Write(Text): that would wrap at the terminal's width and cut a link in two.
        if (!IsJson) Console.Write(new PlainText(text, style ?? Style.Plain));
    }

    /// <summary>
    /// Prints a record, an anonymous object or a type of the protocol as a line of JSON; nothing without <c>--json</c>.
    /// </summary>
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

/// <summary>Text that is written as it is: not wrapped (a link stays one word), not read as markup.</summary>
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

/// <summary>
/// An object as one line of JSON: snake_case fields, absent instead of null, readable text, and nothing that could
/// drive a terminal.
/// </summary>
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

        // Data of ops is passed on as it arrived; these characters are legal in a JSON string, and so is their escape.
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

/// <summary>
/// Says how far a long work is, on the error stream, once a second at the most. Nothing for programs.
/// </summary>
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
