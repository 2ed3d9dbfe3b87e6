using System.Text;
using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>Reads the changes of files from what <c>apply_patch</c> was given, or from what it reports.</summary>
internal static class PatchText
{
    private const string Add = "*** Add File: ";
    private const string Update = "*** Update File: ";
    private const string Delete = "*** Delete File: ";

    /// <summary>Returns the files that a patch names, with the lines before and after.</summary>
    public static IEnumerable<FileChange> Files(string patch)
    {
        string? path = null;
        var before = new StringBuilder();
        var after = new StringBuilder();
        foreach (string line in patch.Split('\n'))
        {
            string? next = Array.Find([Add, Update, Delete], mark => line.StartsWith(mark, StringComparison.Ordinal));
            if (next is not null || line.StartsWith("*** End Patch", StringComparison.Ordinal))
            {
                if (path is not null) yield return new FileChange(path, null, before.ToString(), after.ToString());
                path = next is null ? null : line[next.Length..].Trim();
                before.Clear();
                after.Clear();
                continue;
            }

            if (path is null || line.Length == 0 || line[0] is '*' or '@') continue;
            if (line[0] is not '+') before.Append(line, 1, line.Length - 1).Append('\n');
            if (line[0] is not '-') after.Append(line, 1, line.Length - 1).Append('\n');
        }

        if (path is not null) yield return new FileChange(path, null, before.ToString(), after.ToString());
    }

    /// <summary>Returns the files of a <c>changes</c> object.</summary>
    public static IEnumerable<FileChange> Changes(JsonElement? changes)
    {
        if (changes is not { } files) yield break;
        foreach (JsonProperty file in files.EnumerateObject())
        {
            string path = NameOf(file);
            JsonElement change = file.Value.Object("add") ?? file.Value.Object("update") ?? file.Value.Object("delete")
                ?? file.Value;
            if (change.Text("unified_diff") is { } diff)
            {
                yield return new FileChange(change.Text("move_path") ?? path, diff);
                continue;
            }

            string content = change.Text("content") ?? "";
            bool isDelete = file.Value.Text("type") == "delete" || file.Value.Object("delete") is not null;
            yield return isDelete
                ? new FileChange(path, null, content, "") : new FileChange(path, null, "", content);
        }
    }

    private static string NameOf(JsonProperty file)
    {
        try
        {
            return file.Name;
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD"; // a lone surrogate
        }
    }
}
