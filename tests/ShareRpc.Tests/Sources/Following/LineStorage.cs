using System.Text;
using ShareRpc.Protocol.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Tests.Sources.Following;

/// <summary>
/// An agent for tests: a file a session, a line a document, <c>kind key json</c>; without the JSON it is removed; a
/// line <c>!</c> cannot be read. Each line is a step.
/// </summary>
internal sealed class LineStorage(string folder, bool isWatched = true) : IAgentStorage
{
    public string Agent => "lines";

    public IReadOnlyList<string> WatchedFolders => isWatched ? [folder] : [];

    public Exception? Unknown { get; set; }

    /// <summary>Called at each list.</summary>
    public Action? Listed { get; set; }

    public IReadOnlyList<AgentSession> Sessions()
    {
        Listed?.Invoke();
        return Unknown is not null ? throw Unknown : [.. Directory.EnumerateFiles(folder, "*.session")
            .Select(path => new FileInfo(path)).OrderByDescending(file => file.LastWriteTimeUtc)
            .Select(file => new AgentSession(Agent, Path.GetFileNameWithoutExtension(file.Name), "Title", "/project",
                file.LastWriteTimeUtc, file.Length, file.FullName, "1"))];
    }

    public ISessionReader Open(AgentSession session, string? bookmark) =>
        new Reader(LineFile.Open(session.Path), long.Parse(bookmark ?? "0"));

    private sealed class Reader(LineFile file, long offset) : ISessionReader
    {
        private int read;

        public SourceReport Report => new(read, 0, new Dictionary<string, int>());

        public IEnumerable<SourceStep> Read()
        {
            foreach (FileLine line in file.LinesFrom(offset))
            {
                string text = Encoding.UTF8.GetString(line.Utf8.Span);
                if (text == "!") throw new InvalidOperationException("This line cannot be read.");
                string[] words = text.Split(' ', 3);
                RawJson? data = words.Length == 3 ? new RawJson(Encoding.UTF8.GetBytes(words[2])) : null;
                offset = line.End;
                read++;
                yield return new SourceStep([new DocumentChange(words[0], words[1], data)], $"{offset}");
            }
        }

        public void Dispose() => file.Dispose();
    }
}
