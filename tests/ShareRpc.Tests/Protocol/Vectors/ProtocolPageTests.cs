using System.Text.RegularExpressions;

namespace ShareRpc.Tests.Protocol.Vectors;

/// <summary>What makes the pages of the protocol readable: length, order, and who must read what.</summary>
public sealed partial class ProtocolPageTests
{
    private const int MaxReaderWords = 2_500;

    [Fact]
    public void Lines_end_at_120_characters() =>
        Assert.Empty(Specification.Pages.SelectMany(page => page.Value.Split('\n')
            .Where(line => line.Length > 120).Select(line => $"{page.Key}: {line}")));

    [Fact]
    public void Rules_of_a_section_stand_in_the_order_of_their_ids()
    {
        foreach (string section in Specification.Pages.Values.SelectMany(page => Heading().Split(page)))
        {
            foreach (IGrouping<string, string> rules in Specification.RulesOf(section).GroupBy(Prefix))
                Assert.Equal(rules.OrderBy(Number), rules);
        }

        static string Prefix(string rule) => rule[..rule.IndexOf('-', StringComparison.Ordinal)];
        static int Number(string rule) => int.Parse(rule[(rule.IndexOf('-', StringComparison.Ordinal) + 1)..],
            System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public void A_reader_reads_fewer_than_2500_words_and_finds_all_its_rules_in_them()
    {
        string toRead = Specification.Pages["README.md"] + PartOne();
        int words = Word().Count(Fence().Replace(toRead, ""));
        Assert.True(words < MaxReaderWords, $"A reader must read {words} words.");
        Assert.Equal(
            Specification.RulesOf(PartOne()).Order(StringComparer.Ordinal),
            Specification.Classes["Reader"].Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Each_class_of_clients_adds_rules_to_the_one_before()
    {
        Assert.Equal(["Reader", "Plain writer", "Outbox writer"], Specification.Classes.Keys);
        string[] all = [.. Specification.Classes.Values.SelectMany(rules => rules)];
        Assert.Equal(all.Distinct(), all);
        Assert.Empty(all.Except(Specification.Rules));
        Assert.Empty(Specification.RulesOf(Specification.Pages["client-guide.md"]).Except(all));
    }

    [Fact]
    public void Every_rule_says_MUST_SHOULD_or_MAY()
    {
        (string Id, string Text)[] rules =
            [.. Directory.EnumerateFiles(RepositoryRoot.Path("protocol", "neighbours"), "*.md").Select(File.ReadAllText)
                .Concat(Specification.Pages.Values).SelectMany(page => Rule().Matches(page))
                .Select(match => (match.Groups[1].Value, match.Groups[2].Value))];
        Assert.Empty(Specification.Rules.Except(rules.Select(rule => rule.Id)));
        Assert.Empty(rules.Where(rule => !KeyWord().IsMatch(rule.Text)).Select(rule => rule.Id));

        string format = Specification.Pages["session-format.md"];
        string[] ofFormat = RulesSection().Match(format).Value.Split("\n- ")[1..];
        Assert.NotEmpty(ofFormat);
        Assert.All(ofFormat, rule => Assert.Matches(KeyWord(), rule));
    }

    [Fact]
    public void Links_between_pages_lead_somewhere() =>
        Assert.All(Specification.Pages.Values.SelectMany(page => PageLink().Matches(page)), link =>
            Assert.True(
                Path.Exists(RepositoryRoot.Path("protocol", link.Groups[1].Value)), $"{link.Value} leads nowhere."));

    private static string PartOne()
    {
        string text = Specification.Pages["SPEC.md"];
        return text[..text.IndexOf("\n# Part 2", StringComparison.Ordinal)];
    }

    [GeneratedRegex("^#+ .*$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^- \*\*\[?([A-Z0-9]+-\d+)\]?\*\* (.*\n(?:  .*\n)*)", RegexOptions.Multiline)]
    private static partial Regex Rule();

    [GeneratedRegex(@"\b(MUST|SHOULD|MAY)\b")]
    private static partial Regex KeyWord();

    [GeneratedRegex("## Rules.*?(?=\n## )", RegexOptions.Singleline)]
    private static partial Regex RulesSection();

    [GeneratedRegex("```.*?```", RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"\S*\w\S*")]
    private static partial Regex Word();

    [GeneratedRegex(@"\]\(([^)#:]+)(#[^)]*)?\)")]
    private static partial Regex PageLink();
}
