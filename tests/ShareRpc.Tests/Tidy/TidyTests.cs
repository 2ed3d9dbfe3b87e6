using System.Text.RegularExpressions;

namespace ShareRpc.Tests.Tidy;

/// <summary>
/// The conventions that no analyzer checks, held against the whole source tree. Method length, namespaces, sealed
/// classes, blocked threads and unused code are rules of <c>.editorconfig</c>.
/// </summary>
public sealed partial class TidyTests
{
    private const int MaxFileLines = 400;
    private const int MaxLineLength = 120;
    private const int Invariants = 12;

    /// <summary>Files in which a time is part of the scenario: a moment to strike at, a delay, a rate.</summary>
    private static readonly string[] Paced =
    [
        "CrashTests.cs", "Harness/HarnessRun.cs", "Harness/ProxyLink.cs", "Attacks/Flood.cs",
        "Attacks/RevocationGuest.cs", "Attacks/Besieger.cs", "Attacks/SiegeRun.cs", "Opencode/ScriptedModel.cs",
    ];

    /// <summary>Classes that are still spread over several files.</summary>
    private static readonly string[] InPieces =
    [
        "ShareClient", "OutboxDatabase", "OutboxFile", "ShareLane",
    ];

    private static readonly Dictionary<string, string[]> AllowedReferences = new()
    {
        ["ShareRpc.Protocol"] = [],
        ["ShareRpc.Sqlite"] = ["ShareRpc.Protocol"],
        ["ShareRpc.Server"] = ["ShareRpc.Sqlite", "ShareRpc.Protocol"],
        ["ShareRpc.Client"] = ["ShareRpc.Sqlite", "ShareRpc.Protocol"],
        ["ShareRpc.Sources"] = ["ShareRpc.Client", "ShareRpc.Protocol"],
        ["ShareRpc.Cli"] = ["ShareRpc.Sources", "ShareRpc.Client", "ShareRpc.Server", "ShareRpc.Protocol"],
    };

    [Fact]
    public void Files_and_lines_are_short() => AssertNone(AllFiles(".cs", ".ts").SelectMany(file =>
    {
        string[] lines = file.Text.TrimEnd('\n').Split('\n');
        IEnumerable<string> longLines = lines.Index().Where(line => line.Item.Length > MaxLineLength)
            .Select(line => $"{file.Path}:{line.Index + 1}: {line.Item.Length} characters, at most {MaxLineLength}");
        return lines.Length > MaxFileLines
            ? longLines.Append($"{file.Path}: {lines.Length} lines, at most {MaxFileLines}")
            : longLines;
    }));

    [Fact]
    public void Names_of_files_and_types_say_something() => AssertNone(AllFiles(".cs", ".ts").SelectMany(file =>
        EmptyPathWord().Matches(file.Path).Concat(EmptyTypeName().Matches(file.Text))
            .Select(match => $"{file.Path}: {match.Value} says nothing; name what it does")));

    [Fact]
    public void A_class_is_one_file() => AssertNone(AllFiles(".cs")
        .Where(file => PieceOfClass().Match(file.Path) is { Success: true } piece
            && !InPieces.Contains(piece.Groups[1].Value))
        .Select(file => $"{file.Path}: a class of that size is two classes"));

    [Fact]
    public void Nothing_in_src_is_compiled_by_condition() => AssertNone(
        Matches(SourceTree.Files("src", ".cs"), Condition()));

    [Fact]
    public void No_test_waits_for_a_fixed_time_to_pass() => AssertNone(SourceTree.Files("tests", ".cs")
        .Where(file => !file.Path.StartsWith("tests/ShareRpc.Benchmarks/", StringComparison.Ordinal)
            && !Array.Exists(Paced, paced => file.Path.EndsWith($"/{paced}", StringComparison.Ordinal)))
        .SelectMany(WaitsOutsideLoops));

    [Fact]
    public void Only_retention_removes_entries_of_the_audit_trail_and_nothing_changes_one() => Assert.Equal(
        [
            "src/ShareRpc.Server/Storage/Postgres/AuditWrites.cs: DELETE FROM audit",
            "src/ShareRpc.Server/Storage/Sqlite/SqliteWriteTransaction.cs: DELETE FROM audit",
        ],
        Matches(SourceTree.Files("src/ShareRpc.Server", ".cs", ".sql"), AuditChange()).Order(StringComparer.Ordinal));

    [Fact]
    public void A_log_message_stands_in_Log_and_has_an_event_id_of_its_own() => AssertNone(
        SourceTree.Files("src", ".cs").Where(file => LoggerMessage().IsMatch(file.Text)).SelectMany(file =>
        {
            string[] ids = [.. LoggerMessage().Matches(file.Text).Select(match => match.Groups[1].Value)];
            IEnumerable<string> wrong = ids.CountBy(id => id).Where(id => id.Key.Length == 0 || id.Value > 1)
                .Select(id => $"{file.Path}: event id '{id.Key}', {id.Value} times");
            bool isLog = file.Path.EndsWith("/Log.cs", StringComparison.Ordinal);
            return isLog ? wrong : wrong.Append($"{file.Path}: log messages outside Log.cs");
        }));

    [Fact]
    public void References_point_one_way() => AssertNone(SourceTree.Files("src", ".csproj").SelectMany(file =>
    {
        string project = Path.GetFileNameWithoutExtension(file.Path);
        return Reference().Matches(file.Text).Select(match => match.Groups[1].Value)
            .Where(target => !AllowedReferences[project].Contains(target))
            .Select(target => $"{project} must not reference {target}");
    }));

    [Fact]
    public void Every_invariant_has_a_test_that_names_it()
    {
        HashSet<string> named =
        [
            .. SourceTree.Files("tests", ".cs")
                .SelectMany(file => InvariantName().Matches(file.Text))
                .SelectMany(match => match.Groups[1].Captures).Select(id => id.Value),
        ];
        Assert.Empty(Enumerable.Range(1, Invariants).Select(number => $"I{number}").Except(named));
    }

    private static IEnumerable<(string Path, string Text)> AllFiles(params string[] extensions) =>
        SourceTree.Files("src", extensions).Concat(SourceTree.Files("tests", extensions));

    private static IEnumerable<string> Matches(IEnumerable<(string Path, string Text)> files, Regex what) =>
        files.SelectMany(file => what.Matches(file.Text).Select(match => $"{file.Path}: {match.Value.Trim()}"));

    /// <summary>Returns where a time is waited for and no loop around it looks at a condition.</summary>
    private static IEnumerable<string> WaitsOutsideLoops((string Path, string Text) file)
    {
        string[] lines = file.Text.Split('\n');
        return Enumerable.Range(0, lines.Length)
            .Where(i => Waiting().IsMatch(lines[i])
                && !lines[Math.Max(0, i - 2)..(i + 1)].Any(line => line.Contains("while (", StringComparison.Ordinal)))
            .Select(i => $"{file.Path}:{i + 1}: waits for a time to pass; wait for what it is for");
    }

    private static void AssertNone(IEnumerable<string> findings)
    {
        string[] all = [.. findings];
        if (all.Length > 0) Assert.Fail(string.Join("\n", all));
    }

    [GeneratedRegex("(?<=/[^/]*)(Manager|Helper|Utils|Common)(?![a-z])", RegexOptions.IgnoreCase)]
    private static partial Regex EmptyPathWord();

    [GeneratedRegex(@"(?<=\b(?:class|struct|interface|enum|record)\s+)\w*(?:Manager|Helper|Utils|Common)\b")]
    private static partial Regex EmptyTypeName();

    [GeneratedRegex(@"/(\w+)\.\w+\.cs$")]
    private static partial Regex PieceOfClass();

    [GeneratedRegex(@"(?m)^\s*#\s*(if|elif)\b.*")]
    private static partial Regex Condition();

    [GeneratedRegex(@"\bTask\.Delay\s*\(|\bThread\.Sleep\s*\(")]
    private static partial Regex Waiting();

    [GeneratedRegex(@"(?i)\b(UPDATE|DELETE\s+FROM|REPLACE\s+INTO|DROP\s+TABLE)\s+audit\b")]
    private static partial Regex AuditChange();

    [GeneratedRegex(@"\[LoggerMessage\(\s*(?:EventId\s*=\s*)?(\d*)")]
    private static partial Regex LoggerMessage();

    [GeneratedRegex("<ProjectReference\\s+Include=\"[^\"]*?([^/\\\\\"]+)\\.csproj\"")]
    private static partial Regex Reference();

    [GeneratedRegex(@"\b(?:void|Task)\s+Invariants?(?:_(I\d+))+_\w+\s*\(")]
    private static partial Regex InvariantName();
}
