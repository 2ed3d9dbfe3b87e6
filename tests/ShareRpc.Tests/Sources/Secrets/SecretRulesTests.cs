using ShareRpc.Sources.Secrets;

namespace ShareRpc.Tests.Sources.Secrets;

public sealed class SecretRulesTests : IDisposable
{
    private const string Acme = """
        {"id": "acme-key", "what": "a key of Acme", "keywords": ["acme_"], "pattern": "acme_[0-9a-z]{10}",
         "example": ["acme_", "0123456789"], "counterexample": "acme_corp"}
        """;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sharerpc-test-");

    public static TheoryData<string> Ids => [.. SecretRuleSet.BuiltIn.Rules.Select(rule => rule.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Every_built_in_rule_finds_its_example_and_not_its_counterexample(string id) =>
        Assert.Null(SecretRuleSet.FaultOf(SecretRuleSet.BuiltIn.Rules.Single(rule => rule.Id == id)));

    [Fact]
    public void Ids_are_there_once_and_say_what_they_are()
    {
        IReadOnlyList<SecretRule> rules = SecretRuleSet.BuiltIn.Rules;

        Assert.True(rules.Count >= 30);
        Assert.Equal(rules.Count, rules.Select(rule => rule.Id).Distinct().Count());
        Assert.All(rules, rule => Assert.NotEmpty(rule.What));
        Assert.All(rules, rule => Assert.NotEmpty(rule.Keywords)); // without them a rule would be tried on every text
    }

    [Fact]
    public void The_rule_that_names_an_example_is_its_own_and_a_marker_is_not_found_again()
    {
        foreach (SecretRule rule in SecretRuleSet.BuiltIn.Rules.Where(rule => rule.Field is null))
        {
            var counts = new SecretCounts();
            string redacted = SecretScanner.BuiltIn.Redact(string.Concat(rule.Example), counts);
            var again = new SecretCounts();

            Assert.Equal([rule.Id], counts.ByRule.Keys);
            Assert.Contains($"[redacted:{rule.Id}]", redacted, StringComparison.Ordinal);
            Assert.Equal(redacted, SecretScanner.BuiltIn.Redact(redacted, again));
            Assert.Equal(0, again.Total);
        }
    }

    [Fact]
    public void No_file_of_the_project_holds_an_example_whole()
    {
        string rules = File.ReadAllText(RepositoryFile("src/ShareRpc.Sources/Secrets/SecretRules.json"));

        Assert.All(SecretRuleSet.BuiltIn.Rules.Where(rule => rule.Example.Count > 1),
            rule => Assert.DoesNotContain(string.Concat(rule.Example), rules, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_adds_rules_and_leaves_built_in_ones_out()
    {
        string path = Write($$"""{"rules": [{{Acme}}], "without": ["jwt"]}""");

        SecretRuleSet extended = SecretRuleSet.Extended(path);

        Assert.Equal(SecretRuleSet.BuiltIn.Rules.Count, extended.Rules.Count);
        Assert.DoesNotContain("jwt", extended.Rules.Select(rule => rule.Id));
        Assert.Equal("my [redacted:acme-key].",
            new SecretScanner(extended).Redact("my acme_0123456789.", new SecretCounts()));
    }

    [Theory]
    [InlineData("nonsense", "line 1")]
    [InlineData("""{"rules": [{"id": "x"}]}""", "no file of rules")]
    [InlineData("""{"without": ["nonsense"]}""", "nonsense")]
    [InlineData("""{"rules": [{"id": "A b", "what": "", "pattern": "x", "example": ["x"], "counterexample": "y"}]}""",
        "an id is")]
    [InlineData("""{"rules": [{"id": "jwt", "what": "", "pattern": "x", "example": ["x"], "counterexample": "y"}]}""",
        "already")]
    [InlineData("""{"rules": [{"id": "x", "what": "", "pattern": "(", "example": ["x"], "counterexample": "y"}]}""",
        "pattern")]
    [InlineData(
        """{"rules": [{"id": "x", "what": "", "pattern": "(?=x)x", "example": ["x"], "counterexample": "y"}]}""",
        "lookaround")]
    [InlineData("""{"rules": [{"id": "x", "what": "", "pattern": "x", "example": ["y"], "counterexample": "y"}]}""",
        "its example")]
    [InlineData("""{"rules": [{"id": "x", "what": "", "pattern": "x", "example": ["x"], "counterexample": "ax"}]}""",
        "counterexample")]
    [InlineData(
        """
        {"rules": [{"id": "x", "what": "", "keywords": ["q"], "pattern": "x", "example": ["x"],
         "counterexample": "y"}]}
        """,
        "keywords")]
    public void A_file_that_cannot_be_used_says_which_rule_and_why(string content, string why)
    {
        SecretRulesException refused =
            Assert.Throws<SecretRulesException>(() => SecretRuleSet.Extended(Write(content)));

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("""{"rules": [null]}""")]
    [InlineData("""{"without": [null]}""")]
    [InlineData("RULE", "\"x\"")]
    [InlineData("RULE", "\"a\"")]
    [InlineData("RULE", "\"p\"")]
    [InlineData("RULE", "[\"k\"]")]
    [InlineData("RULE", "\"k\"")]
    [InlineData("RULE", "[\"p\", \"\"]")]
    [InlineData("RULE", "\"\"")]
    [InlineData("RULE", "\"c\"")]
    public void A_null_where_a_rule_needs_something_is_said_of_the_file(string content, string? nulled = null)
    {
        const string Rule = """
            {"rules": [{"id": "x", "what": "a", "keywords": ["k"], "pattern": "p", "example": ["p", ""],
             "counterexample": "c"}]}
            """;
        string path = Write(nulled is null ? content : Rule.Replace(nulled, "null", StringComparison.Ordinal));
        SecretRulesException refused = Assert.Throws<SecretRulesException>(() => SecretRuleSet.Extended(path));

        Assert.Contains(path, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error_for_people() =>
        Assert.Throws<SecretRulesException>(() => SecretRuleSet.Extended(Path.Combine(folder.FullName, "none.json")));

    public void Dispose() => folder.Delete(recursive: true);

    internal static string RepositoryFile(string path)
    {
        string? at = AppContext.BaseDirectory;
        while (at is not null && !File.Exists(Path.Combine(at, "ShareRpc.sln"))) at = Path.GetDirectoryName(at);
        return Path.Combine(at!, path);
    }

    private string Write(string content)
    {
        string path = Path.Combine(folder.FullName, "rules.json");
        File.WriteAllText(path, content);
        return path;
    }
}
