using System.Globalization;
using Microsoft.Data.Sqlite;
using ShareRpc.Sources;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Fakes;
using Xunit.Abstractions;

namespace ShareRpc.Tests.Sources.Following;

/// <summary>What a list of many sessions costs; at its full size in the deep suite.</summary>
public sealed class SessionNamesTests(ITestOutputHelper output) : IDisposable
{
    private const int EveryDay = 600;
    private const int Projects = 50;

    private static readonly TimeSpan MostForNames = TimeSpan.FromSeconds(2);

    private readonly TemporaryDirectory folder = new();

    /// <summary>Gets the number of sessions: 70,000 in the deep suite.</summary>
    private static int Size => int.Parse(
        Environment.GetEnvironmentVariable("SHARERPC_SIZE") ?? $"{EveryDay}", CultureInfo.InvariantCulture);

    private string Index => Path.Combine(folder["state"], "session-index.db");

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("claude")]
    [InlineData("codex")]
    [InlineData("gemini")]
    public void Names_of_many_sessions_are_listed_from_the_index_by_their_files_times_alone(string agent)
    {
        for (int number = 0; number < Size; number++) Write(agent, number);
        var told = new List<(int Done, int Total)>();
        (TimeSpan cold, _) = List(agent, told);
        Assert.Equal((0, Size), told[0]);
        Assert.Equal(told.OrderBy(one => one.Done), told);
        Assert.True(Size < EveryDay || told.Count > 2);

        told.Clear();
        (TimeSpan second, IReadOnlyList<AgentSession> sessions) = List(agent, told);
        Assert.Empty(told); // no file was looked into
        output.WriteLine($"{agent}: {Size} sessions, first list {cold.TotalMilliseconds:N0} ms of processor time, "
            + $"second {second.TotalMilliseconds:N0} ms, index {new FileInfo(Index).Length >> 10:N0} KB");
        if (Size > EveryDay) Assert.InRange(second, TimeSpan.Zero, MostForNames); // alone in the deep suite
        Assert.Equal("Prompt 7", sessions.Single(session => session.Id == IdOf(7)).Title);

        // Only a file that changed is looked into.
        DateTime later = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(1);
        File.SetLastWriteTimeUtc(Write(agent, 7, "Second"), later);
        told.Clear();
        Assert.Equal("Second 7", List(agent, told).Sessions[0].Title);
        Assert.Equal([(0, 1)], told);
    }

    [Theory]
    [InlineData("claude")]
    [InlineData("codex")]
    [InlineData("gemini")]
    public void A_longer_file_in_the_place_of_another_has_its_own_title_and_one_that_grew_is_not_looked_into(
        string agent)
    {
        string path = Write(agent, 7);
        Assert.Equal("Prompt 7", Assert.Single(List(agent, told: null).Sessions).Title);
        File.Move(Write(agent, 8, "A longer one"), path, overwrite: true);
        Assert.Equal("A longer one 8", Assert.Single(List(agent, told: null).Sessions).Title);
        File.AppendAllText(path, "{\"type\":\"later\"}\n");
        List<(int, int)> told = [];
        Assert.Equal("A longer one 8", Assert.Single(List(agent, told).Sessions).Title);
        Assert.Equal(agent == "claude" ? 1 : 0, told.Count); // a name may come later in a transcript
    }

    [Theory]
    [InlineData("claude")]
    [InlineData("codex")]
    [InlineData("gemini")]
    public void Each_of_many_sessions_is_read_at_a_cost_that_does_not_grow_with_their_number(string agent)
    {
        const int few = 100;
        const int many = 1_600;
        long ofFew = BytesASession(agent, 0, few);
        long ofMany = BytesASession(agent, few, many);
        output.WriteLine($"{agent}: {ofFew:N0} bytes a session among {few}, {ofMany:N0} among {many}");
        Assert.InRange(ofMany, 0, ofFew * 3 / 2);
    }

    [Fact]
    public void An_index_that_is_damaged_or_of_another_version_is_made_anew()
    {
        Write("codex", 1);
        foreach (string damaged in (string[])["no database", "", new string('\0', 8192)])
        {
            Directory.CreateDirectory(folder["state"]);
            File.WriteAllText(Index, damaged);
            for (int look = 0; look < 3; look++) Assert.Single(List("codex", told: null).Sessions);
            List<(int, int)> told = [];
            Assert.Single(List("codex", told).Sessions);
            Assert.Empty(told);
        }

        using (var connection = new SqliteConnection($"Data Source={Index};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "DROP TABLE file; CREATE TABLE file (a); PRAGMA user_version = 99";
            command.ExecuteNonQuery();
        }

        Assert.Single(List("codex", told: null).Sessions);
        List<(int, int)> after = [];
        Assert.Single(List("codex", after).Sessions);
        Assert.Empty(after);
    }

    [Fact]
    public void A_state_folder_that_cannot_be_written_only_costs_time()
    {
        Write("gemini", 1);
        File.WriteAllText(folder["state"], "a file in its place");
        Assert.Single(List("gemini", told: null).Sessions);
        Assert.Single(List("gemini", told: null).Sessions);
    }

    [Fact]
    public void The_index_is_its_owners_alone_and_holds_all_agents()
    {
        foreach (string agent in (string[])["claude", "codex", "gemini"])
        {
            Write(agent, 1);
            List(agent, told: null);
        }

        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Index));
        Assert.Equal(["session-index.db"], Directory.GetFiles(folder["state"]).Select(Path.GetFileName));
        foreach (string agent in (string[])["claude", "codex", "gemini"])
        {
            List<(int, int)> told = [];
            Assert.Single(List(agent, told).Sessions);
            Assert.Equal((agent, 0), (agent, told.Count));
        }
    }

    /// <summary>Writes sessions of one project; returns what the first read of each allocates once they are listed.
    /// </summary>
    private long BytesASession(string agent, int from, int upTo)
    {
        for (int number = from; number < upTo; number++) Write(agent, number * Projects);
        var home = new AgentHome(folder.Path, folder["state"], _ => null);
        IAgentStorage storage = AgentStorages.On(home).Single(one => one.Agent == agent);
        IReadOnlyList<AgentSession> sessions = storage.Sessions();
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (AgentSession session in sessions)
        {
            using ISessionReader reader = storage.Open(session, bookmark: null);
            Assert.Single(reader.Read());
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / sessions.Count;
    }

    private static string IdOf(int number) => $"01a00000-0000-7000-8000-{number:D12}";

    /// <summary>Lists as another process would; returns the processor time that it took.</summary>
    private (TimeSpan Took, IReadOnlyList<AgentSession> Sessions) List(string agent, List<(int, int)>? told)
    {
        var home = new AgentHome(folder.Path, folder["state"], _ => null);
        if (told is not null) home.Index.Looking = (_, done, total) => told.Add((done, total));
        IAgentStorage storage = AgentStorages.On(home).Single(one => one.Agent == agent);
        TimeSpan before = Environment.CpuUsage.TotalTime;
        IReadOnlyList<AgentSession> sessions = storage.Sessions();
        TimeSpan took = Environment.CpuUsage.TotalTime - before;
        Assert.Equal(Directory.EnumerateFiles(folder[$".{agent}"], "*.jsonl", SearchOption.AllDirectories).Count(),
            sessions.Count);
        return (took, sessions);
    }

    private string Write(string agent, int number, string word = "Prompt")
    {
        string id = IdOf(number);
        string place = $"project-{number % Projects}";
        DateTime at = new DateTime(2026, 1, 1, 10, 0, 0, DateTimeKind.Utc).AddMinutes(number * 7 % 400_000);
        string time = at.ToString("O", CultureInfo.InvariantCulture);
        (string path, string[] lines) = agent switch
        {
            "claude" => (folder[$".claude/projects/-home-dev-{place}/{id}.jsonl"], (string[])
            [
                $$"""{"type":"queue-operation","operation":"enqueue","timestamp":"{{time}}","sessionId":"{{id}}"}""",
                $$$"""
                {"parentUuid":null,"type":"user","uuid":"u-{{{number}}}","timestamp":"{{{time}}}","version":"2.1.332",
                "cwd":"/home/dev/{{{place}}}","message":{"role":"user","content":"{{{word}}} {{{number}}}"}}
                """.ReplaceLineEndings(""),
            ]),
            "codex" => (folder[$".codex/sessions/{at:yyyy/MM/dd}/rollout-{at:yyyy-MM-ddTHH-mm-ss}-{id}.jsonl"],
            [
                $$$$"""
                {"timestamp":"{{{{time}}}}","type":"session_meta","payload":{"id":"{{{{id}}}}",
                "timestamp":"{{{{time}}}}","cwd":"/home/dev/{{{{place}}}}","cli_version":"0.171.0",
                "git":{"branch":"main"}}}
                """.ReplaceLineEndings(""),
                $$$"""{"type":"event_msg","payload":{"type":"user_message","message":"{{{word}}} {{{number}}}"}}""",
            ]),
            _ => (folder[$".gemini/tmp/{place}/chats/session-{at:yyyy-MM-ddTHH-mm}-{id[24..]}.jsonl"],
            [
                $$"""{"sessionId":"{{id}}","projectHash":"h","startTime":"{{time}}","kind":"main"}""",
                $$"""{"id":"u","timestamp":"{{time}}","type":"user","content":"{{word}} {{number}}"}""",
            ]),
        };
        string directory = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(directory);
        if (agent == "gemini")
            File.WriteAllText(Path.Combine(Path.GetDirectoryName(directory)!, ".project_root"), $"/home/dev/{place}");
        File.WriteAllText(path, string.Join('\n', lines) + "\n");
        return path;
    }
}
