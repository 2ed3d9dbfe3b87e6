using System.Globalization;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.ClaudeCode;

/// <summary>What must not grow with a transcript; at its full size in the deep suite.</summary>
public sealed class LargeTranscriptTests : IDisposable
{
    private const long MostAllocated = 4 * 1024 * 1024;
    private const long MostRead = 2 * 1024 * 1024;
    private const int MostBookmark = 64 * 1024;

    private readonly ClaudeHome home = new();

    /// <summary>Gets the size of the transcript in MB: 200 in the deep suite.</summary>
    private static int Size => int.Parse(
        Environment.GetEnvironmentVariable("SHARERPC_SIZE") ?? "4", CultureInfo.InvariantCulture);

    public void Dispose() => home.Dispose();

    [Fact]
    public void A_line_at_the_end_of_a_large_transcript_costs_no_more_than_one_at_the_end_of_a_small()
    {
        Write(Size * 1024L * 1024);
        IAgentStorage storage = home.Storage;
        AgentSession session = storage.Sessions().Single();
        string? bookmark = null;
        using (ISessionReader first = storage.Open(session, null))
            foreach (SourceStep step in first.Read()) bookmark = step.Bookmark;
        Assert.InRange(bookmark!.Length, 1, MostBookmark);

        var read = new ReadSession();
        using ISessionReader reader = storage.Open(session, bookmark);
        read.Take(reader);
        home.Transcript.Reply("end_turn", Transcript.Text("at the end"));
        long before = GC.GetAllocatedBytesForCurrentThread();
        long bytes = BytesRead();
        read.Take(reader);
        Assert.InRange(BytesRead() - bytes, 0, MostRead);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, MostAllocated);
        Assert.Equal("assistant text at the end", Assert.Single(read.Shown()));
    }

    /// <summary>Returns how many bytes this thread has read from files, as Linux counts them.</summary>
    private static long BytesRead() => OperatingSystem.IsLinux()
        ? long.Parse(File.ReadLines("/proc/thread-self/io").First()["rchar: ".Length..], CultureInfo.InvariantCulture)
        : 0;

    private void Write(long bytes)
    {
        home.Transcript.Prompt("Begin");
        using var file = new StreamWriter(home.Transcript.Path, append: true);
        string parent = home.Transcript.Leaf!;
        string text = new('x', 3000);
        int number = 0;
        for (long written = 0; written < bytes;)
        {
            string uuid = $"large-{++number}";
            string kind = number % 3 == 1 ? "tool_use" : "text";
            string content = number % 3 == 2
                ? $$"""{"type":"tool_result","tool_use_id":"call-{{number - 1}}","content":"{{text}}"}"""
                : kind == "text" ? $$"""{"type":"text","text":"{{text}}"}"""
                : $$$"""{"type":"tool_use","id":"call-{{{number}}}","name":"Bash","input":{"command":"ls"}}""";
            string type = number % 3 == 2 ? "user" : "assistant";
            string usage = """{"input_tokens":1}""";
            string message = $$"""{"id":"msg-{{number}}","content":[{{content}}],"usage":{{usage}}}""";
            string line = $$"""{"parentUuid":"{{parent}}","type":"{{type}}","uuid":"{{uuid}}","message":{{message}}}""";
            file.Write(line);
            file.Write('\n');
            written += line.Length + 1;
            parent = uuid;
        }

        home.Transcript.Leaf = parent;
    }
}
