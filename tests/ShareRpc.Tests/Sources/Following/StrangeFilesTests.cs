using System.Diagnostics;
using ShareRpc.Sources;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Fakes;
using ZstdSharp;

namespace ShareRpc.Tests.Sources.Following;

/// <summary>What lies beside sessions and is none: it costs neither a list nor a session that is followed.</summary>
public sealed class StrangeFilesTests : IDisposable
{
    private const long Giant = 300L * 1024 * 1024;
    private const long MostAllocated = 400L * 1024 * 1024;

    // A pipe that is opened holds up for ever.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("claude")]
    [InlineData("codex")]
    [InlineData("gemini")]
    public async Task Pipes_folders_links_and_content_of_any_kind_leave_a_list_as_it_was(string agent)
    {
        string good = WriteSession(agent);
        string Beside(string name) => good.Replace("aaaa", name, StringComparison.Ordinal);
        Directory.CreateDirectory(Beside("bbbb"));
        File.WriteAllBytes(Beside("cccc"), new byte[1000]);
        File.WriteAllBytes(Beside("dddd"), [0xFF, 0xFE, (byte)'\n', (byte)'{', 0x80, (byte)'}', (byte)'\n']);
        File.WriteAllText(Beside("eeee"), new string('[', 100_000) + "\n");
        File.WriteAllText(Beside("ffff"), "");
        using (FileStream giant = File.Create(Beside("1111"))) giant.SetLength(Giant);
        if (!OperatingSystem.IsWindows())
        {
            Pipe(Beside("2222"));
            File.CreateSymbolicLink(Beside("3333"), "/dev/zero");
            Pipe(Path.Combine(Path.GetDirectoryName(good)!, "..", ".project_root")); // of Gemini CLI
            Pipe(folder[".codex/session_index.jsonl"]);
        }

        if (agent == "codex")
        {
            File.WriteAllText(Beside("4444") + ".zst", "not compressed");
            using var bomb = new CompressionStream(File.Create(Beside("5555") + ".zst"));
            for (long written = 0; written < Giant; written += 1 << 20) bomb.Write(new byte[1 << 20]);
        }

        IAgentStorage storage = Storage(agent);
        (IReadOnlyList<AgentSession> sessions, long allocated) = await Bounded(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            IReadOnlyList<AgentSession> listed = storage.Sessions();
            return (listed, GC.GetAllocatedBytesForCurrentThread() - before);
        });
        AgentSession session = Assert.Single(sessions);
        Assert.Equal(("Hello", good), (session.Title, session.Path));
        Assert.InRange(allocated, 0, MostAllocated);
        ReadSession read = await Bounded(() => ReadSession.Whole(storage, session));
        Assert.Single(read.Messages);
    }

    [Fact]
    public async Task A_pipe_in_the_place_of_what_a_session_refers_to_holds_up_nothing()
    {
        if (OperatingSystem.IsWindows()) return;
        string path = WriteSession("claude");
        string session = Path.ChangeExtension(path, null);
        string[] lines =
        [
            """
            {"parentUuid":"u1","type":"assistant","uuid":"u2","timestamp":"2026-11-30T10:00:01Z","message":{"id":"m",
            "role":"assistant","content":[{"type":"tool_use","id":"t","name":"Bash","input":{}}]}}
            """,
            """
            {"parentUuid":"u2","type":"user","uuid":"u3","timestamp":"2026-11-30T10:00:02Z","message":{"role":"user",
            "content":[{"type":"tool_result","tool_use_id":"t","content":"short"}]},
            "toolUseResult":{"stdout":"cut","persistedOutputPath":"/x/tool-results/out.txt"}}
            """,
        ];
        File.AppendAllLines(path, lines.Select(line => line.ReplaceLineEndings("")));
        Pipe(Path.Combine(session, "tool-results", "out.txt"));
        Pipe(Path.Combine(session, "subagents", "agent-a.jsonl"));
        Pipe(Path.Combine(session, "subagents", "agent-a.meta.json"));
        IAgentStorage storage = Storage("claude");
        ReadSession read = await Bounded(() => ReadSession.Whole(storage));
        Assert.Equal("cut", Assert.Single(read.Tools).Text("state", "output"));
    }

    [Theory]
    [InlineData("claude")]
    [InlineData("codex")]
    public void A_file_that_shrinks_to_nothing_while_it_is_followed_takes_its_documents_and_they_come_back(string agent)
    {
        string path = WriteSession(agent);
        byte[] whole = File.ReadAllBytes(path);
        IAgentStorage storage = Storage(agent);
        AgentSession session = Assert.Single(storage.Sessions());
        var read = new ReadSession();
        read.Pass(storage, session);
        File.WriteAllBytes(path, []);
        read.Pass(storage, session);
        Assert.Empty(read.Messages);
        File.WriteAllBytes(path, whole);
        read.Pass(storage, session);
        Assert.Single(read.Messages);
    }

    private static Task<T> Bounded<T>(Func<T> run) =>
        Task.Factory.StartNew(run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .WaitAsync(Patience);

    private static void Pipe(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using Process made = Process.Start("mkfifo", [path]);
        made.WaitForExit();
        Assert.Equal(0, made.ExitCode);
    }

    private IAgentStorage Storage(string agent) => AgentStorages.On(
        new AgentHome(folder.Path, folder["state"], _ => null)).Single(one => one.Agent == agent);

    private string WriteSession(string agent) => SmallSession.Write(folder.Path, agent);
}
