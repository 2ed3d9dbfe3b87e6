using System.Text.RegularExpressions;

namespace ShareRpc.Tests.Tidy;

/// <summary>The folders of a project depend on each other one way only. A folder is its namespace.</summary>
public sealed partial class FolderDependencyTests
{
    private const string Server = "ShareRpc.Server";

    /// <summary>Durable files and directories are in that project, too.</summary>
    private const string DurableFiles = "using ShareRpc.Sqlite;";

    [Theory]
    [InlineData("ShareRpc.Server")]
    [InlineData("ShareRpc.Sources")]
    [InlineData("ShareRpc.Sqlite")]
    public void The_folders_of_a_project_depend_on_each_other_in_no_circle(string project) =>
        Assert.Null(FindCircle(DependenciesOf(project)));

    [Fact]
    public void Only_the_store_and_the_registrations_know_SQLite()
    {
        string[] offenders = [.. SourceTree.Files("src/" + Server, ".cs")
            .Where(file => !file.Path.Contains("/Storage/Sqlite/", StringComparison.Ordinal)
                && !file.Path.Contains("/Storage/Moving/", StringComparison.Ordinal)
                && !file.Path.Contains("/Hosting/", StringComparison.Ordinal)
                && SqliteWord().IsMatch(file.Text.Replace(DurableFiles, "", StringComparison.Ordinal)))
            .Select(file => file.Path)];
        Assert.Empty(offenders);
    }

    [Fact]
    public void Only_the_folder_of_opencode_and_the_registrations_know_opencode()
    {
        string[] offenders = [.. DependenciesOf(Server)
            .Where(folder => folder.Key != Server + ".Hosting" && folder.Value.Contains(Server + ".Opencode"))
            .Select(folder => folder.Key)];
        Assert.Empty(offenders);
    }

    [Fact]
    public void A_circle_is_found_and_its_path_is_told()
    {
        var folders =
            new Dictionary<string, HashSet<string>> { ["a"] = ["b"], ["b"] = ["c", "d"], ["c"] = [], ["d"] = ["b"] };
        Assert.Equal("b -> d -> b", FindCircle(folders));
        folders["d"].Clear();
        Assert.Null(FindCircle(folders));
    }

    /// <summary>
    /// Returns what each namespace uses: by a using directive, or, of the namespaces around it, which need none, by the
    /// name of a type.
    /// </summary>
    private static Dictionary<string, HashSet<string>> DependenciesOf(string project)
    {
        (string Namespace, string Code)[] files = [.. SourceTree.Files("src/" + project, ".cs")
            .Select(file =>
                (NamespaceLine().Match(file.Text).Groups[1].Value, Code: CommentOrText().Replace(file.Text, "")))
            .Where(file => file.Item1.Length > 0)];
        Dictionary<string, string[]> types = files.GroupBy(file => file.Namespace).ToDictionary(
            group => group.Key,
            group => group.SelectMany(file => TypeDeclaration().Matches(file.Code)).Select(match =>
                match.Groups[1].Value).ToArray());
        Dictionary<string, HashSet<string>> uses = types.Keys.ToDictionary(name => name, _ => new HashSet<string>());
        foreach ((string name, string code) in files)
        {
            HashSet<string> words = [.. Word().Matches(code).Select(match => match.Value)];
            IEnumerable<string> named =
                UsingDirective().Matches(code).Select(match => match.Groups[1].Value).Where(types.ContainsKey);
            IEnumerable<string> around = types.Keys.Where(other =>
                name.StartsWith(other + ".", StringComparison.Ordinal) && types[other].Any(words.Contains));
            uses[name].UnionWith(named.Concat(around).Where(other => other != name));
        }

        return uses;
    }

    private static string? FindCircle(Dictionary<string, HashSet<string>> uses)
    {
        var done = new HashSet<string>();
        return uses.Keys.Select(start => Follow([start])).FirstOrDefault(circle => circle is not null);

        string? Follow(List<string> path)
        {
            if (done.Contains(path[^1])) return null;
            foreach (string next in uses[path[^1]])
            {
                int before = path.IndexOf(next);
                string? circle = before >= 0
                    ? string.Join(" -> ", path.Skip(before).Append(next)) : Follow([.. path, next]);
                if (circle is not null) return circle;
            }

            done.Add(path[^1]);
            return null;
        }
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^using (?:static )?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex UsingDirective();

    [GeneratedRegex(@"^(?:public|internal)[\w ]* (?:class|struct|interface|enum|record|delegate \w+) (\w+)",
     RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"//[^\n]*|""(?:[^""\\\n]|\\.)*""")]
    private static partial Regex CommentOrText();

    [GeneratedRegex(
        @"using (?:Microsoft\.Data\.Sqlite|SQLitePCL|ShareRpc\.Sqlite|ShareRpc\.Server\.Storage\.Sqlite)\b")]
    private static partial Regex SqliteWord();

    [GeneratedRegex(@"\b\w+\b")]
    private static partial Regex Word();
}
