using System.Text.Json;
using ShareRpc.Client;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Opencode;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.MainJob;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.Opencode;

/// <summary>The sessions of subagents of OpenCode 1, which are documents of their parent's share.</summary>
public sealed class OpencodeSubagentTests : IDisposable
{
    private const string Session = OpencodeFiles.SampleSession;

    private readonly OpencodeFiles files = new();
    private readonly FoldedDocuments folded = new();
    private readonly ManualTimeProvider clock = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;
    private int seq = OpencodeFiles.SampleLastSeq;

    public void Dispose() => files.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task They_are_marked_with_where_they_were_started_live_and_after_a_restart(bool hasEvents)
    {
        string path = files.Sample();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using (OpencodeSessions sessions = share.Open(path, OpencodeSelection.Of(Session), clock))
        {
            OpencodeFiles.AddSession(path, "ses_stranger", parent: null);
            Assert.Equal(OpencodeFiles.SampleOps, await LookAsync(sessions, share));
            AddChild(path, hasEvents);
            await LookAsync(sessions, share);
            Assert.Equal([Session], sessions.Sessions.Select(sync => sync.SessionId));
            Assert.Equal((6 + 2, 23 + 1 + 3), (sessions.Sessions.Single().Messages, sessions.Sessions.Single().Parts));
            Assert.Equal([$"opencode:{Session}"], share.Client.Shares.Select(one => one.ExternalKey));
            AssertHoldsChild("running");
            folded.AssertHoldsExactly(FoldedDocuments.OfRows(path, Session));
        }

        using OpencodeSessions again = share.Open(path, OpencodeSelection.All, clock);
        Assert.Equal(1, await LookAsync(again, share)); // the session of the stranger
        Call(path, "completed");
        Write(path, "ses_child", "msg_child_2", "prt_child_4", """{"type":"text","text":"found"}""", hasEvents);
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(2, await LookAsync(again, share));
        AssertHoldsChild("completed");
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path)
            .Where(row => row.Value.GetProperty("sessionID").GetString() == Session).ToDictionary());
        Assert.DoesNotContain((Kinds.Session, "ses_child"), folded.All.Keys);
    }

    [Fact]
    public async Task Those_of_subagents_of_subagents_are_in_the_same_share_and_a_circle_of_parents_ends()
    {
        string path = files.Sample();
        AddChild(path, hasEvents: false);
        OpencodeFiles.AddSession(path, "ses_grandchild", "ses_child");
        Write(path, "ses_grandchild", "msg_deep", null, """{"role":"user"}""", hasEvents: false);
        Write(path, "ses_grandchild", "msg_deep", "prt_deep", """{"type":"text","text":"deep"}""", hasEvents: false);
        OpencodeFiles.AddSession(path, "ses_x", "ses_y");
        OpencodeFiles.AddSession(path, "ses_y", "ses_x");
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);

        await LookAsync(sessions, share);

        Assert.Equal(2, sessions.Sessions.Count);
        JsonElement deep = folded.All[(Kinds.Part, "prt_deep")];
        Assert.Equal(("ses_grandchild", Session),
            (deep.GetProperty("agent_session").GetString(), deep.GetProperty("sessionID").GetString()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_subagent_said_stays_when_its_session_is_deleted_and_its_parent_goes_on(bool hasEvents)
    {
        string path = files.Sample();
        AddChild(path, hasEvents);
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.Of(Session), clock);
        await LookAsync(sessions, share);
        Dictionary<(string Kind, string Key), JsonElement> before = new(folded.All);
        OpencodeFiles.Execute(path, "PRAGMA foreign_keys=OFF; DELETE FROM part WHERE session_id = 'ses_child'; "
            + "DELETE FROM message WHERE session_id = 'ses_child'; DELETE FROM session WHERE id = 'ses_child'; "
            + "DELETE FROM event WHERE aggregate_id = 'ses_child'");
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(0, await LookAsync(sessions, share));
        Call(path, "completed");
        clock.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(1, await LookAsync(sessions, share));

        AssertHoldsChild("completed");
        Assert.Equal(before.Keys.Order(), folded.All.Keys.Order());
        Assert.Null(sessions.LastError);
    }

    [Fact]
    public async Task A_migration_to_OpenCode_2_removes_their_parts_too()
    {
        string path = files.Sample();
        AddChild(path, hasEvents: true);
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        await LookAsync(sessions, share);
        OpencodeFiles.Execute(path, Opencode2.Opencode2Files.Tables + """
            INSERT INTO session_v2 (id, project_id, parent_id, directory, title, version, time_created, time_updated)
              SELECT id, project_id, parent_id, directory, title, '2.0.26', time_created, time_updated FROM session;
            """);
        var session = new ShareRpc.Sources.Following.AgentSession(
            "opencode", Session, "", null, DateTimeOffset.UnixEpoch, 0, path, null);

        IReadOnlyList<ShareRpc.Sources.Following.DocumentChange> gone =
            await ShareRpc.Sources.Opencode2.EarlierGeneration.RemovalsAsync(
                session, sessions.Sessions.Single().Writer, timeout);

        Assert.Equal(folded.All.Keys.Where(key => key.Kind == Kinds.Part).Select(key => key.Key).Order(),
            gone.Select(change => change.Key).Order());
    }

    [Fact]
    public async Task A_share_that_opencode_itself_writes_gets_what_opencode_sends_and_no_subagents()
    {
        string path = files.Sample();
        AddChild(path, hasEvents: true);
        await using RunningServer server = await RunningServer.StartAsync();
        using var calls = new Server.Opencode.OpencodeCalls(server.Address, timeout)
        {
            Base = $"/a/{server.RootToken.Reveal()}",
        };
        Server.Opencode.OpencodeCalls.Shared shared = await calls.ShareAsync(Session);
        OpencodeFiles.Execute(path, "CREATE TABLE session_share (session_id text PRIMARY KEY, id text, secret text, "
            + "url text); INSERT INTO session_share VALUES ($session, $id, $secret, $url)", ("$session", Session),
            ("$id", shared.Id), ("$secret", shared.Secret), ("$url", shared.Url.AbsoluteUri));
        await using ShareClient client = await server.OpenClientAsync();
        using OpencodeSessions sessions = Open(client, path);

        await sessions.LookAsync(timeout);
        await sessions.SettleAsync(timeout);

        string[] held = [.. (await calls.ImportAsync(shared)).Select(item => item!.ToJsonString())];
        Assert.Contains(held, item => item.Contains("\"tool\":\"task\"", StringComparison.Ordinal));
        Assert.DoesNotContain(held, item => item.Contains("agent_session", StringComparison.Ordinal)
            || item.Contains("msg_child", StringComparison.Ordinal));
        Assert.Single(client.Shares);
    }

    [Fact]
    public async Task A_reader_without_tools_sees_nothing_of_what_tools_or_subagents_were_given_or_answered()
    {
        string path = files.Sample();
        AddChild(path, hasEvents: true, SharedCanary.Word);
        string message = (string)OpencodeFiles.Query(path, "SELECT max(id) FROM message")[0][0]!;
        foreach ((int at, string state) in new[]
        {
            """{"status":"running","input":{"command":"X"},"title":"X","metadata":{"output":"X"}}""",
            """{"status":"completed","input":{"command":"X"},"output":"X","title":"X","metadata":{"exit":"X"}}""",
            """{"status":"error","input":{"filePath":"X"},"error":"X"}""",
            """{"status":"completed","input":{},"output":"X","attachments":[{"type":"file","url":"data:,X"}]}""",
        }.Index())
        {
            string part = $$"""{"type":"tool","callID":"c{{at}}","tool":"bash","state":{{state}}}"""
                .Replace("X", SharedCanary.Word, StringComparison.Ordinal);
            Write(path, Session, message, $"prt_z{at}", part, hasEvents: true);
        }

        Call(path, "error", SharedCanary.Word);
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient client = await server.OpenClientAsync();
        using OpencodeSessions sessions = Open(client, path);
        await sessions.LookAsync(timeout);
        Call(path, "completed", SharedCanary.Word);
        Write(path, "ses_child", "msg_child_2", "prt_child_2",
            $$"""{"type":"text","text":"{{SharedCanary.Word}} again"}""", hasEvents: true);
        await sessions.LookAsync(timeout);
        await sessions.SettleAsync(timeout);

        await SharedCanary.AssertHiddenAsync(client, sessions.Sessions.Single().Writer, "Seconds are NaN", timeout);
    }

    private OpencodeSessions Open(ShareClient client, string path) => new(client, new OpencodeOptions
    {
        DatabasePath = path, LockPath = Path.Combine(files.Folder, "sync.lock"),
        Selection = OpencodeSelection.Of(Session),
    });

    private async Task<int> LookAsync(OpencodeSessions sessions, OfflineShare share)
    {
        int enqueued = await sessions.LookAsync(timeout);
        folded.Apply(share.Take().Select(op => op.Op));
        return enqueued;
    }

    private void AssertHoldsChild(string status)
    {
        JsonElement call = folded.All[(Kinds.Part, "prt_call")];
        Assert.Equal(("subagent", "ses_child", "general", "find it", status),
            (call.GetProperty("type").GetString(), call.GetProperty("agent_session").GetString(),
                call.GetProperty("name").GetString(), call.GetProperty("prompt").GetString(),
                call.GetProperty("status").GetString()));
        foreach ((string kind, string key) in new[] { (Kinds.Message, "msg_child_1"), (Kinds.Part, "prt_child_1") })
        {
            JsonElement document = folded.All[(kind, key)];
            Assert.Equal((Session, "ses_child"), (document.GetProperty("sessionID").GetString(),
                document.GetProperty("agent_session").GetString()));
        }
    }

    private void AddChild(string path, bool hasEvents, string prompt = "find it")
    {
        OpencodeFiles.AddSession(path, "ses_child", Session);
        Write(path, "ses_child", "msg_child_1", null, """{"role":"user","time":{"created":1}}""", hasEvents);
        Write(path, "ses_child", "msg_child_1", "prt_child_1", $$"""{"type":"text","text":"{{prompt}}"}""", hasEvents);
        Write(path, "ses_child", "msg_child_2", null, """{"role":"assistant","time":{"created":2}}""", hasEvents);
        Write(path, "ses_child", "msg_child_2", "prt_child_2", $$"""{"type":"text","text":"I {{prompt}}"}""",
            hasEvents);
        Write(path, "ses_child", "msg_child_2", "prt_child_3",
            $$"""{"type":"tool","tool":"read","state":{"status":"completed","output":"{{prompt}}"} }""", hasEvents);
        Call(path, "running", prompt);
    }

    /// <summary>Writes the parent's call that started the child.</summary>
    private void Call(string path, string status, string prompt = "find it")
    {
        string message = (string)OpencodeFiles.Query(
            path, $"SELECT max(id) FROM message WHERE session_id = '{Session}'")[0][0]!;
        string result = status == "completed" ? $",\"output\":\"{prompt}\"" : $",\"error\":\"{prompt}\"";
        Write(path, Session, message, "prt_call", $$"""
            {"type":"tool","callID":"call","tool":"task","state":{"status":"{{status}}","title":"{{prompt}}",
             "input":{"description":"{{prompt}}","prompt":"{{prompt}}","subagent_type":"general"}{{result}},
             "metadata":{"sessionId":"ses_child"},"time":{"start":1} } }
            """, hasEvents: true);
    }

    /// <summary>One transaction of row and event, as opencode writes them; a session without events has rows only.
    /// </summary>
    private void Write(string path, string session, string message, string? part, string data, bool hasEvents)
    {
        seq++;
        string ids = part is null
            ? $"\"id\":\"{message}\",\"sessionID\":\"{session}\""
            : $"\"id\":\"{part}\",\"messageID\":\"{message}\",\"sessionID\":\"{session}\"";
        string body = $"{{{ids},{data.Trim()[1..]}";
        string row = part is null
            ? $"INSERT INTO message VALUES ('{message}', '{session}', {seq}, {seq}, $data)"
            : $"INSERT INTO part VALUES ('{part}', '{message}', '{session}', {seq}, {seq}, $data)";
        string written = part is null ? "message.updated.1" : "message.part.updated.1";
        string log = !hasEvents ? "" : $"""
            INSERT OR IGNORE INTO event_sequence VALUES ('{session}', 0, NULL);
            INSERT INTO event (id, aggregate_id, seq, type, data)
              VALUES ('evt_{seq:D12}', '{session}', {seq}, '{written}', $event);
            """;
        OpencodeFiles.Execute(
            path, $"BEGIN IMMEDIATE; {row} ON CONFLICT (id) DO UPDATE SET data = $data, time_updated = {seq}; {log} "
            + "COMMIT", ("$data", data), ("$event", part is null ? $"{{\"info\":{body} }}" : $"{{\"part\":{body} }}"));
    }
}
