using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>Notes when each mark of the script first stands in a file that the agent keeps its sessions in.</summary>
internal sealed partial class WrittenMarks(string home)
{
    private const int Overlap = 64;
    private readonly Dictionary<string, long> read = [];
    private readonly ConcurrentDictionary<string, long> seen = [];

    /// <summary>Gets the marks with the timestamp of when they were found.</summary>
    public IReadOnlyDictionary<string, long> Seen => seen;

    /// <summary>Returns the marks in a text, in order.</summary>
    public static IEnumerable<string> In(string text) => Mark().Matches(text).Select(match => match.Value);

    /// <summary>Looks every few milliseconds until it is cancelled.</summary>
    public Task WatchAsync(CancellationToken cancellationToken) => Until.TrueAsync(
        () =>
        {
            foreach (string file in Files()) Read(file);
            return cancellationToken.IsCancellationRequested;
        },
        CancellationToken.None);

    [GeneratedRegex("(thought|said|out|done)-[0-9]{2}")]
    private static partial Regex Mark();

    private IEnumerable<string> Files() => new[] { ".claude/projects", ".codex/sessions", ".gemini/tmp" }
        .Select(folder => Path.Combine(home, folder)).Where(Directory.Exists)
        .SelectMany(folder => Directory.EnumerateFiles(folder, "*.json*", SearchOption.AllDirectories));

    private void Read(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            long from = Math.Max(0, read.GetValueOrDefault(path) - Overlap);
            if (file.Length == read.GetValueOrDefault(path)) return;
            file.Position = from;
            byte[] more = new byte[Math.Max(0, file.Length - from)];
            int length = file.ReadAtLeast(more, more.Length, throwOnEndOfStream: false);
            long now = TimeProvider.System.GetTimestamp();
            foreach (string mark in In(Encoding.UTF8.GetString(more, 0, length))) seen.TryAdd(mark, now);
            read[path] = from + length;
        }
        catch (IOException)
        {
            // Replaced meanwhile: the next look finds it.
        }
    }
}
