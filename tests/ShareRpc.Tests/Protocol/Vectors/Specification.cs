using System.Text.RegularExpressions;

namespace ShareRpc.Tests.Protocol.Vectors;

/// <summary>The text of the specification, as data: rules, tables and transcripts.</summary>
internal static partial class Specification
{
    /// <summary>The text of each page, by its name.</summary>
    public static IReadOnlyDictionary<string, string> Pages { get; } =
        Directory.EnumerateFiles(RepositoryRoot.Path("protocol"), "*.md").Order(StringComparer.Ordinal)
            .ToDictionary(path => Path.GetFileName(path) ?? path, File.ReadAllText);

    private static readonly Lazy<string> AllText = new(() => string.Join('\n', Pages.Values));

    /// <summary>The rule ids, in order, where they are stated.</summary>
    public static IReadOnlyList<string> Rules => RulesOf(AllText.Value);

    /// <summary>The bounds of the server, which are no part of the protocol: the cells of the rows.</summary>
    public static IReadOnlyList<string[]> Bounds(Regex firstCell) =>
        RowsOf(File.ReadAllText(RepositoryRoot.Path("docs", "limits.md")), firstCell);

    /// <summary>The ids of the rules that a text states, in order.</summary>
    public static IReadOnlyList<string> RulesOf(string text) =>
        [.. Definition().Matches(text).Select(match => match.Groups[1].Value)];

    /// <summary>The classes of clients and the rules that each adds to the one before.</summary>
    public static IReadOnlyDictionary<string, string[]> Classes =>
        ClassOfClients().Matches(Pages["README.md"]).ToDictionary(
            match => match.Groups[1].Value,
            match => Reference().Matches(match.Groups[2].Value).Select(rule => rule.Groups[1].Value).ToArray());

    /// <summary>Every rule id that is named anywhere.</summary>
    public static IReadOnlySet<string> References =>
        Reference().Matches(AllText.Value).Select(match => match.Groups[1].Value).ToHashSet();

    /// <summary>Lines of transcripts, arrows included.</summary>
    public static IReadOnlyList<string> TranscriptLines =>
        [.. TranscriptText().Matches(AllText.Value)
            .SelectMany(match => Vectors.Transcript.LinesOf(match.Groups[1].Value))];

    /// <summary>The conversations of the apply rules, in their order.</summary>
    public static IReadOnlyList<Transcript> ApplyTranscripts =>
        [.. HeadedTranscript().Matches(Pages["apply-rules.md"])
            .Select(match => Vectors.Transcript.Parse(match.Groups[1].Value, match.Groups[2].Value))];

    /// <summary>The cells of the table rows whose first cell matches, backquotes taken off.</summary>
    public static IReadOnlyList<string[]> TableRows(Regex firstCell) => RowsOf(AllText.Value, firstCell);

    private static IReadOnlyList<string[]> RowsOf(string text, Regex firstCell) =>
        [.. text.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line =>
                line.Replace("\\|", "\u0001",
                    StringComparison.Ordinal).Split('|')[1..^1].Select(cell => cell.Trim().Trim('`')).ToArray())
            .Where(cells => firstCell.IsMatch(cells[0]))];

    /// <summary>The rows of rules-without-vectors.txt: rule, test class or "-", reason.</summary>
    public static IReadOnlyList<string[]> RulesWithoutVectors =>
        [.. File.ReadLines(RepositoryRoot.Path("protocol", "vectors", "rules-without-vectors.txt"))
            .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ', 3))];

    [GeneratedRegex(@"\*\*\[([A-Z]+-\d+)\]\*\*")]
    private static partial Regex Definition();

    [GeneratedRegex(@"\*\*([A-Z][a-z ]+)\.\*\*[^*]*?Its rules: (.*?)\n\n", RegexOptions.Singleline)]
    private static partial Regex ClassOfClients();

    [GeneratedRegex(@"\[([A-Z]+-\d+)\]")]
    private static partial Regex Reference();

    [GeneratedRegex("```jsonl\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex TranscriptText();

    [GeneratedRegex("### ([^\n]+)\n[^#]*?```jsonl\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex HeadedTranscript();
}
