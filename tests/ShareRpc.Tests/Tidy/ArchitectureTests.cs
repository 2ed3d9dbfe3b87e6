using System.Text.RegularExpressions;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Tidy;

/// <summary>ARCHITECTURE.md stays short, and the files that its table names are there.</summary>
public sealed partial class ArchitectureTests
{
    private const int MaxLines = 150;

    [Fact]
    public void The_page_is_short() => Assert.InRange(Page().Length, 1, MaxLines);

    [Fact]
    public void Every_file_that_the_table_names_is_there()
    {
        IReadOnlyList<string> named = NamedFiles(Page());
        Assert.NotEmpty(named);
        Assert.All(named, path => Assert.True(Exists(path), $"{path} is not there"));
    }

    [Fact]
    public void A_name_is_read_from_the_folder_before_it()
    {
        string[] table = ["| server | `src/A/B.cs`, `C/`, `D/E.cs`, `F*.cs` | x |", "| | `G.cs`, `src/A/H/I.cs`, `J.cs` | not `this` |"];
        Assert.Equal(
            ["src/A/B.cs", "src/A/C/", "src/A/D/E.cs", "src/A/D/F*.cs", "src/A/G.cs", "src/A/H/I.cs", "src/A/H/J.cs"], NamedFiles(table));
    }

    [Fact]
    public void A_file_that_is_not_there_is_noticed()
    {
        Assert.True(Exists("src/ShareRpc.Protocol/Ids/OpId.cs"));
        Assert.True(Exists("src/ShareRpc.Protocol/Rpc/I*.cs"));
        Assert.False(Exists("src/ShareRpc.Protocol/Ids/NotThere.cs"));
        Assert.False(Exists("src/ShareRpc.Protocol/NotThere/"));
    }

    private static string[] Page() => File.ReadAllLines(RepositoryRoot.Path("ARCHITECTURE.md"));

    /// <summary>
    /// The second cell of each row: a name that starts at the root sets the project; one with a folder is in the project; a bare one is in
    /// the folder of the name before it in the row, or in the project.
    /// </summary>
    private static List<string> NamedFiles(IEnumerable<string> lines)
    {
        var named = new List<string>();
        string project = "";
        foreach (string row in lines.Where(line => line.StartsWith('|') && line.Count(c => c == '|') == 4))
        {
            string folder = "";
            foreach (string name in Quoted().Matches(row.Split('|')[2]).Select(match => match.Groups[1].Value))
            {
                bool isFromRoot = name.StartsWith("src/", StringComparison.Ordinal) || name.StartsWith("tests/", StringComparison.Ordinal);
                if (isFromRoot) project = string.Join('/', name.Split('/')[..2]) + "/";
                if (folder.Length == 0) folder = project;
                string path = isFromRoot ? name : (name.Contains('/', StringComparison.Ordinal) ? project : folder) + name;
                named.Add(path);
                folder = path.EndsWith('/') ? project : path[..(path.LastIndexOf('/') + 1)];
            }
        }

        return named;
    }

    private static bool Exists(string path)
    {
        bool isFolder = path.EndsWith('/') || path.Count(c => c == '/') == 1;
        if (isFolder) return Directory.Exists(RepositoryRoot.Path(path));
        string folder = RepositoryRoot.Path(Path.GetDirectoryName(path)!);
        return Directory.Exists(folder) && Directory.EnumerateFiles(folder, Path.GetFileName(path)).Any();
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
