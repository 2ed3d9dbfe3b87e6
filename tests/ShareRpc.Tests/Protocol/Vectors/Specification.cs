using System.Text.RegularExpressions;

namespace ShareRpc.Tests.Protocol.Vectors;

/// <summary>The text of the specification, as data: rules, tables and transcripts.</summary>
internal static partial class Specification
{
    private static readonly Lazy<string> AllText = new(() => Read("SPEC.md") + "\n" + Read("apply-rules.md"));

    /// <summary>The rule ids, in order, where they are stated.</summary>
    public static IReadOnlyList<string> Rules =>
        [.. Definition().Matches(AllText.Value).Select(match => match.Groups[1].Value)];

    /// <summary>Every rule id that is named anywhere.</summary>
    public static IReadOnlySet<string> References =>
        Reference().Matches(AllText.Value).Select(match => match.Groups[1].Value).ToHashSet();

    /// <summary>Lines of transcripts, arrows included.</summary>
    public static IReadOnlyList<string> TranscriptLines =>
        [.. TranscriptText().Matches(AllText.Value)
            .SelectMany(match => match.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))];

    /// <summary>The conversations of the apply rules, in their order.</summary>
    public static IReadOnlyList<Transcript> ApplyTranscripts =>
        [.. HeadedTranscript().Matches(Read("apply-rules.md"))
            .Select(match => Vectors.Transcript.Parse(match.Groups[1].Value, match.Groups[2].Value))];

    /// <summary>The cells of the table rows whose first cell matches, backquotes taken off.</summary>
    public static IReadOnlyList<string[]> TableRows(Regex firstCell) =>
        [.. AllText.Value.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line =>
                line.Replace("\\|", "\u0001",
                    StringComparison.Ordinal).Split('|')[1..^1].Select(cell => cell.Trim().Trim('`')).ToArray())
            .Where(cells => firstCell.IsMatch(cells[0]))];

    /// <summary>The rows of rules-without-vectors.txt: rule, test class or "-", reason.</summary>
    public static IReadOnlyList<string[]> RulesWithoutVectors =>
        [.. File.ReadLines(RepositoryRoot.Path("protocol", "vectors", "rules-without-vectors.txt"))
            .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ', 3))];

    private static string Read(string page) => File.ReadAllText(RepositoryRoot.Path("protocol", page));

    [GeneratedRegex(@"\*\*\[([A-Z]+-\d+)\]\*\*")]
    private static partial Regex Definition();

    [GeneratedRegex(@"\[([A-Z]+-\d+)\]")]
    private static partial Regex Reference();

    [GeneratedRegex("```jsonl\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex TranscriptText();

    [GeneratedRegex("### ([^\n]+)\n[^#]*?```jsonl\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex HeadedTranscript();
}
