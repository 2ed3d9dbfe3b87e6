using System.Text.RegularExpressions;

namespace ShareRpc.Tests.Tidy;

/// <summary>The conventions, held against the whole source tree.</summary>
public sealed partial class TidyTests
{
    /// <summary>Where a time is not waited for but is what is done: a moment to strike at, a fault that is a delay, a rate.</summary>
    private static readonly string[] Paced =
    [
        "tests/ShareRpc.EndToEndTests/CrashTests.cs", "tests/ShareRpc.EndToEndTests/Harness/HarnessRun.cs",
        "tests/ShareRpc.EndToEndTests/Harness/ProxyLink.cs", "tests/ShareRpc.EndToEndTests/Attacks/Flood.cs",
        "tests/ShareRpc.EndToEndTests/Attacks/RevocationGuest.cs",
        "tests/ShareRpc.EndToEndTests/Opencode/ScriptedModel.cs",
    ];

    private static readonly Dictionary<string, string[]> AllowedReferences = new()
    {
        ["ShareRpc.Protocol"] = [],
        ["ShareRpc.Sqlite"] = [],
        ["ShareRpc.Server"] = ["ShareRpc.Protocol", "ShareRpc.Sqlite"],
        ["ShareRpc.Client"] = ["ShareRpc.Protocol", "ShareRpc.Sqlite"],
        ["ShareRpc.Sources"] = ["ShareRpc.Client", "ShareRpc.Protocol"],
        ["ShareRpc.Cli"] = ["ShareRpc.Sources", "ShareRpc.Client", "ShareRpc.Server", "ShareRpc.Protocol"],
    };

    [Fact]
    public void Files_lines_and_names_are_within_bounds() =>
        AssertNone(AllFiles(".cs", ".ts").SelectMany(file => TidyRules.CheckText(file.Path, file.Text)));

    [Fact]
    public void Members_are_short_types_are_named_and_nothing_blocks() =>
        AssertNone(AllFiles(".cs").SelectMany(file => TidyRules.CheckCSharp(file.Path, file.Text)));

    [Fact]
    public void Nothing_in_src_is_compiled_by_condition() =>
        AssertNone(SourceTree.Files("src", ".cs").SelectMany(file => TidyRules.CheckDirectives(file.Path, file.Text)));

    [Fact]
    public void No_test_waits_for_a_fixed_time_to_pass() =>
        AssertNone(SourceTree.Files("tests", ".cs")
            .Where(file => !file.Path.StartsWith("tests/ShareRpc.Benchmarks/", StringComparison.Ordinal) && !Paced.Contains(file.Path))
            .SelectMany(file => TidyRules.CheckWaits(file.Path, file.Text)));

    [Fact]
    public void Nothing_changes_or_removes_an_entry_of_the_audit_trail() =>
        AssertNone(SourceTree.Files("src/ShareRpc.Server", ".cs", ".sql").Where(file => AuditChange().IsMatch(file.Text))
            .Select(file => $"{file.Path}: {AuditChange().Match(file.Text).Value}"));

    [Fact]
    public void A_namespace_is_its_folder() =>
        AssertNone(AllFiles(".cs").SelectMany(file => TidyRules.CheckNamespace(file.Path, file.Text)));

    [Fact]
    public void An_event_id_is_used_once_and_messages_are_written_in_Log_only()
    {
        AssertNone(SourceTree.Files("src", ".cs").Where(file => file.Path.EndsWith("/Log.cs", StringComparison.Ordinal))
            .SelectMany(file => TidyRules.CheckEventIds(file.Path, file.Text)));
        AssertNone(SourceTree.Files("src", ".cs").Where(file => !file.Path.EndsWith("/Log.cs", StringComparison.Ordinal))
            .Where(file => file.Text.Contains("[LoggerMessage", StringComparison.Ordinal)).Select(
                file => $"{file.Path}: a log message outside Log.cs"));
    }

    [Fact]
    public void References_point_one_way() =>
        AssertNone(SourceTree.Files("src", ".csproj")
            .SelectMany(file => TidyRules.CheckReferences(Path.GetFileNameWithoutExtension(file.Path), file.Text, AllowedReferences)));

    [Fact]
    public void Every_invariant_has_a_test_that_names_it()
    {
        HashSet<string> named =
        [
            .. SourceTree.Files("tests", ".cs")
                .SelectMany(file => InvariantName().Matches(file.Text).Select(match => match.Groups[1].Value)),
        ];
        Assert.Empty(Enumerable.Range(1, 10).Select(number => $"I{number}").Except(named));
    }

    private static IEnumerable<(string Path, string Text)> AllFiles(params string[] extensions) =>
        SourceTree.Files("src", extensions).Concat(SourceTree.Files("tests", extensions));

    private static void AssertNone(IEnumerable<string> findings)
    {
        string[] all = [.. findings];
        if (all.Length > 0) Assert.Fail(string.Join("\n", all));
    }

    [GeneratedRegex(@"(?i)\b(UPDATE|DELETE\s+FROM|REPLACE\s+INTO|DROP\s+TABLE)\s+audit\b")]
    private static partial Regex AuditChange();

    [GeneratedRegex(@"\b(?:void|Task)\s+\w*?_?(I\d+)_\w+\s*\(")]
    private static partial Regex InvariantName();
}
