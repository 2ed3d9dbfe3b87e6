using System.Text.RegularExpressions;

namespace ShareRpc.Tests.Tidy;

/// <summary>The conventions, held against the whole source tree.</summary>
public sealed partial class TidyTests
{
    // Set to null when every room has its tests: then each invariant of the design must have one that names it.
    private static readonly Dictionary<string, string[]> AllowedReferences = new()
    {
        ["ShareRpc.Protocol"] = [],
        ["ShareRpc.Server"] = ["ShareRpc.Protocol"],
        ["ShareRpc.Client"] = ["ShareRpc.Protocol"],
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

    [GeneratedRegex(@"\b(?:void|Task)\s+\w*?_?(I\d+)_\w+\s*\(")]
    private static partial Regex InvariantName();
}
