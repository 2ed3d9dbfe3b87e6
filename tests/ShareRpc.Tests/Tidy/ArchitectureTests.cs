using System.Text.RegularExpressions;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Tidy;

/// <summary>ARCHITECTURE.md stays short, and the folders that its table names exist.</summary>
public sealed partial class ArchitectureTests
{
    private const int MaxLines = 120;

    [Fact]
    public void The_page_is_short() => Assert.InRange(Page().Length, 1, MaxLines);

    [Fact]
    public void Every_folder_that_the_table_names_exists()
    {
        IReadOnlyList<string> named = NamedFiles(Page());
        Assert.NotEmpty(named);
        Assert.All(named, path => Assert.True(Exists(path), $"{path} is not there"));
    }

    [Fact]
    public void Every_folder_of_a_project_is_named()
    {
        IEnumerable<string> folders = Directory.EnumerateDirectories(RepositoryRoot.Path("src"), "ShareRpc.*")
            .SelectMany(project => Directory.EnumerateDirectories(project).Where(HasCode).Append(project))
            .Select(folder => Path.GetFileName(folder)).Distinct();
        HashSet<string> named = [.. NamedFiles(Page()).Select(path => Path.GetFileName(path.TrimEnd('/')))];
        Assert.Empty(folders.Except(named));

        static bool HasCode(string folder) => Path.GetFileName(folder) is not ("bin" or "obj")
            && Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Any();
    }

    [Fact]
    public void A_name_is_read_below_the_folder_before_it()
    {
        string[] table =
            ["| `src/A/` | all of `it` |", "| `B/`, `C/` | one; `D/` and `e.cs` |", "| `tests/F/` | `G/` |"];
        Assert.Equal(["src/A/", "src/A/B/", "src/A/C/", "src/A/C/D/", "src/A/C/e.cs", "tests/F/", "tests/F/G/"],
            NamedFiles(table));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_noticed()
    {
        Assert.True(Exists("src/ShareRpc.Protocol/Ids/"));
        Assert.True(Exists("src/ShareRpc.Protocol/Ids/OpId.cs"));
        Assert.False(Exists("src/ShareRpc.Protocol/Ids/NotThere.cs"));
        Assert.False(Exists("src/ShareRpc.Protocol/NotThere/"));
    }

    private static string[] Page() => File.ReadAllLines(RepositoryRoot.Path("ARCHITECTURE.md"));

    /// <summary>
    /// Returns the paths in the table's first cells, and those in its second cells that end with a slash or ".cs". A
    /// path of the first cell from the root sets the project; all others are in the project, or in the last folder of
    /// their row's first cell.
    /// </summary>
    private static List<string> NamedFiles(IEnumerable<string> lines)
    {
        var named = new List<string>();
        string project = "";
        foreach (string[] cells in lines.Where(line => line.StartsWith('|')).Select(line => line.Split('|')))
        {
            string folder = project;
            foreach (string name in Quoted().Matches(cells[1]).Select(match => match.Groups[1].Value))
            {
                if (name.StartsWith("src/", StringComparison.Ordinal)
                    || name.StartsWith("tests/", StringComparison.Ordinal))
                    folder = project = name;
                else folder = project + name;
                named.Add(folder);
            }

            named.AddRange(Quoted().Matches(cells[2]).Select(match => match.Groups[1].Value)
                .Where(name => name.EndsWith('/')
                    || name.EndsWith(".cs", StringComparison.Ordinal)).Select(name => folder + name));
        }

        return named;
    }

    private static bool Exists(string path) =>
        path.EndsWith('/') ? Directory.Exists(RepositoryRoot.Path(path)) : File.Exists(RepositoryRoot.Path(path));

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
