using System.Diagnostics;
using System.Text;

namespace ShareRpc.Tests.Fakes;

/// <summary>Searches the bytes of all files of a directory, as somebody does who got hold of a disk.</summary>
internal static class FileBytes
{
    /// <summary>Returns the files that have the text, each with the number of places.</summary>
    public static IReadOnlyList<string> FilesWith(string directory, string text) =>
        FilesWith(directory, Encoding.UTF8.GetBytes(text));

    public static IReadOnlyList<string> FilesWith(string directory, byte[] bytes)
    {
        // Copied by another process: to close a file of SQLite here would end its locks in this one.
        using var copy = new TemporaryDirectory();
        using (var copying = Process.Start("cp", ["-r", directory, copy["files"]])) copying.WaitForExit();
        var found = new List<string>();
        foreach (string path in Directory.EnumerateFiles(copy.Path, "*", SearchOption.AllDirectories))
        {
            byte[] content = File.ReadAllBytes(path);
            int count = 0;
            for (int at = 0; content.AsSpan(at).IndexOf(bytes) is var next and >= 0; at += next + 1) count++;
            if (count > 0) found.Add($"{Path.GetFileName(path)}: {count}");
        }

        return found;
    }
}
