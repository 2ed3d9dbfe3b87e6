using System.Text.Json.Nodes;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode2;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Sources.Opencode2;

public sealed class Opencode2ReaderTests : IDisposable
{
    private const string Step = """
        {"agent":"build","model":{"id":"m1","providerID":"fake"},"content":[{"type":"reasoning","text":"hm"},
         {"type":"text","text":"ok"},{"type":"tool","id":"call_1","name":"shell","state":STATE,
         "time":{"created":1,"ran":2}}],"time":{"created":1}}
        """;

    private readonly Opencode2Files files = new();
    private readonly FoldedDocuments folded = new();
    private readonly CancellationTokenSource ending = new(TimeSpan.FromMinutes(3));

    public void Dispose()
    {
        ending.Dispose();
        files.Dispose();
    }

    [Fact]
    public async Task Each_type_of_row_becomes_documents_of_the_session_format()
    {
        files.Sql(Opencode2Files.Tables);
        files.Session("ses_1");
        files.Row("ses_1", "m01", "user", 1,
            """{"text":"Look","files":[{"uri":"file:///a","mime":"t/p","name":"a"}]}""");
        files.Row("ses_1", "m02", "assistant", 3, Step.Replace("STATE", """{"status":"running","input":{"c":1}}"""));
        files.Row("ses_1", "m03", "synthetic", 5, """{"text":"<reminder>"}""");
        files.Row("ses_1", "m04", "shell", 6, """{"callID":"s1","command":"ls","output":"a\n"}""");
        files.Row("ses_1", "m05", "compaction", 7, """{"status":"completed","reason":"auto","summary":"so far"}""");
        files.Row("ses_1", "m06", "model-switched", 8, """{"model":{"id":"m2"}}""");
        files.Row("ses_1", "m07", "from-the-future", 9, """{"secret":"kept back"}""");
        files.Row("ses_1", "m08", "skill", 10, "no JSON");
        files.Row("ses_1", "m09", "idle", 12, """{"outcome":"interrupted"}""");
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using FollowedSessions sessions = Open(share);
        await LookAsync(share, sessions);

        JsonNode session = Doc("session", "ses_1");
        Assert.Equal("opencode 2.0.26 1",
            $"{session["agent"]} {session["agent_version"]} {session["schema_version"]}");
        Assert.Equal(["user", "assistant", "system", "system", "system", "system", "system", "system"],
            Keys("message").Select(key => (string)Doc("message", key)["role"]!));
        Assert.Equal(
            [
                "m01.00000 text", "m01.00001 file", "m02.00000 reasoning", "m02.00001 text", "m02.00002 tool",
                "m03.00000 text", "m04.00000 tool", "m05.00000 compaction", "m06.00000 notice", "m07.00000 notice",
                "m08.00000 notice",
            ],
            Keys("part").Select(key => $"{key} {Doc("part", key)["type"]}"));
        Assert.Equal("running", (string)Doc("part", "m02.00002")["state"]!["status"]!);
        Assert.Equal("from-the-future", (string)Doc("part", "m07.00000")["record"]!);
        Assert.DoesNotContain("kept back", Doc("part", "m07.00000").ToJsonString());
        Assert.Equal("aborted", (string)Doc("turn", "m01")["state"]!);
        SourceReport report = sessions.Sessions.Single().Report;
        Assert.Equal((8, 11), (report.Messages, report.Parts));
        Assert.Equal(["from-the-future", "skill: no JSON"], report.Unknown.Keys.Order());
    }

    [Fact]
    public async Task A_row_that_is_updated_in_place_is_put_again_and_nothing_else()
    {
        Start();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using FollowedSessions sessions = Open(share);
        await LookAsync(share, sessions);
        files.Row("ses_1", "m2", "assistant", 4, Step.Replace("STATE", """
            {"status":"completed","input":{"command":"ls"},"content":[{"type":"text","text":"a"},
             {"type":"file","uri":"data:,x","mime":"text/plain"}]}
            """));
        List<OpIntent> ops = await LookAsync(share, sessions);
        OpIntent op = Assert.Single(ops);
        Assert.Equal("m2.00002", op.Key);
        Assert.Equal(("completed", "a", "data:,x"), ((string)Doc("part", op.Key)["state"]!["status"]!,
            (string)Doc("part", op.Key)["state"]!["output"]!,
            (string)Doc("part", op.Key)["state"]!["attachments"]![0]!["url"]!));
        using FollowedSessions later = Open(share);
        Assert.Equal(0, await later.LookAsync(ending.Token));
    }

    [Fact]
    public async Task A_change_under_a_clock_that_was_set_back_is_seen()
    {
        Start();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using (FollowedSessions first = Open(share)) await LookAsync(share, first);
        files.Sql("UPDATE session_message SET data = '{\"text\":\"other\"}', time_updated = 5 WHERE id = 'm1'");
        using FollowedSessions second = Open(share, ("opencode", "ses_1"));
        await LookAsync(share, second);
        Assert.Equal("other", (string)Doc("part", "m1.00000")["text"]!);
    }

    [Fact]
    public async Task What_the_user_undoes_is_marked_and_removed_when_it_is_gone()
    {
        Start();
        files.Row("ses_1", "m3", "user", 9, """{"text":"second"}""");
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using FollowedSessions sessions = Open(share, ("opencode", "ses_1"));
        await LookAsync(share, sessions);
        files.Sql("UPDATE session_v2 SET revert = '{\"messageID\":\"m2\"}', time_updated = 2000");
        await LookAsync(share, sessions);
        Assert.Equal(["m2", "m3"], Keys("message").Where(key => Doc("message", key)["undone"] is not null));
        Assert.Equal(4, Keys("part").Count(key => Doc("part", key)["undone"] is not null));
        files.Sql("UPDATE session_v2 SET revert = NULL");
        await LookAsync(share, sessions);
        Assert.DoesNotContain(Keys("part"), key => Doc("part", key)["undone"] is not null);

        files.Sql("DELETE FROM session_message WHERE id IN ('m2', 'm3')");
        files.Row("ses_1", "m4", "user", 12, """{"text":"instead"}""");
        using FollowedSessions later = Open(share, ("opencode", "ses_1"));
        await LookAsync(share, later);
        Assert.Equal(["m1", "m4"], Keys("message"));
        Assert.Equal(["m1.00000", "m4.00000"], Keys("part"));
        Assert.Equal((2, 2), (later.Sessions.Single().Report.Messages, later.Sessions.Single().Report.Parts));
    }

    [Fact]
    public async Task A_subagent_is_in_its_parents_share_and_the_part_that_started_it_names_it()
    {
        Start();
        files.Row("ses_1", "m3", "assistant", 9, """
            {"content":[{"type":"tool","id":"c","name":"subagent","state":{"status":"completed",
             "input":{"agent":"general","prompt":"Look"},"content":[{"type":"text","text":"Done"}],
             "metadata":{"sessionID":"ses_2"}}}]}
            """);
        files.Session("ses_2", parent: "ses_1");
        files.Session("ses_3", parent: "ses_2");
        files.Row("ses_2", "s1", "user", 4, """{"text":"You are a subagent"}""");
        files.Row("ses_3", "t1", "user", 4, """{"text":"You are another"}""");
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using FollowedSessions sessions = Open(share);
        await LookAsync(share, sessions);
        Assert.Equal("ses_1", Assert.Single(sessions.Sessions).Session.Id);
        JsonNode part = Doc("part", "m3.00000");
        Assert.Equal("subagent ses_2 general Look completed Done", $"{part["type"]} {part["agent_session"]} "
            + $"{part["name"]} {part["prompt"]} {part["status"]} {part["result"]}");
        Assert.Equal(("ses_2", "ses_1"),
            ((string)Doc("message", "s1")["agent_session"]!, (string)Doc("message", "s1")["sessionID"]!));
        Assert.Equal("ses_3", (string)Doc("message", "t1")["agent_session"]!);
        files.Row("ses_3", "t2", "assistant", 5, """{"content":[{"type":"text","text":"hi"}]}""");
        Assert.Equal(["t2", "t2.00000"], (await LookAsync(share, sessions)).Select(op => op.Key));
    }

    [Fact]
    public async Task A_prompt_that_waits_is_shown_as_queued_until_it_is_taken_up_or_withdrawn()
    {
        Start();
        files.Sql("""
            CREATE TABLE session_inbox (id text PRIMARY KEY, session_id text NOT NULL, type text NOT NULL,
              payload text NOT NULL, delivery text NOT NULL, enqueued_seq integer NOT NULL,
              time_created integer NOT NULL);
            INSERT INTO session_inbox VALUES ('q1', 'ses_1', 'user', '{"text":"next","files":[]}', 'queue', 7, 2000);
            INSERT INTO session_inbox VALUES ('q2', 'ses_1', 'user', '{"text":"never"}', 'queue', 8, 2001);
            INSERT INTO session_inbox VALUES ('q3', 'ses_1', 'compaction', '{}', 'queue', 9, 2002);
            """);
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using (FollowedSessions first = Open(share)) await LookAsync(share, first);
        Assert.Equal(["q1", "q2"], Keys("message").Where(key => Doc("message", key)["queued"] is not null));
        Assert.Equal(("user", "next"),
            ((string)Doc("message", "q1")["role"]!, (string)Doc("part", "q1.00000")["text"]!));
        Assert.DoesNotContain("q1", Keys("turn"));

        files.Sql("DELETE FROM session_inbox");
        files.Row("ses_1", "q1", "user", 12, """{"text":"next","files":[]}""");
        using FollowedSessions sessions = Open(share);
        await LookAsync(share, sessions);
        Assert.Equal(["m1", "m2", "q1"], Keys("message"));
        Assert.Null(Doc("message", "q1")["queued"]);
        Assert.Equal("next", (string)Doc("part", "q1.00000")["text"]!);
        Assert.Equal((3, 5), (sessions.Sessions.Single().Report.Messages, sessions.Sessions.Single().Report.Parts));
        Assert.Equal("streaming", (string)Doc("turn", "q1")["state"]!);
    }

    [Fact]
    public async Task The_to_do_list_is_that_of_the_first_version_until_the_second_writes_one()
    {
        Start();
        files.Sql("""
            CREATE TABLE todo (session_id text NOT NULL, content text NOT NULL, status text NOT NULL,
              priority text NOT NULL, position integer NOT NULL, time_created integer, time_updated integer);
            INSERT INTO todo VALUES ('ses_1', 'old', 'pending', 'low', 0, 1, 1);
            """);
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using (FollowedSessions first = Open(share)) await LookAsync(share, first);
        Assert.Equal("""[{"content":"old","status":"pending","priority":"low"}]""",
            Doc("todo", "ses_1").ToJsonString());
        files.Row("ses_1", "m3", "assistant", 9, """
            {"content":[{"type":"tool","id":"c","name":"todowrite","state":{"status":"completed","input":{"todos":
             [{"content":"new","status":"completed","priority":"high","id":"1"}]}}}]}
            """);
        using FollowedSessions second = Open(share);
        await LookAsync(share, second);
        Assert.Equal("""[{"content":"new","status":"completed","priority":"high"}]""",
            Doc("todo", "ses_1").ToJsonString());
    }

    [RecordedTheory]
    [InlineData("opencode-2.0.26.sql", 4)]
    [InlineData("opencode-1.15.10-then-2.0.26.sql", 2)]
    [InlineData("synthetic-2.0.x.sql", 8)]
    public async Task A_recorded_database_is_shared_whole_as_an_independent_reader_counts(string name, int shares)
    {
        files.Sql("PRAGMA foreign_keys=OFF;"
            + await File.ReadAllTextAsync(Path.Combine(Opencode2Files.RecordedFolder, name), ending.Token));
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using FollowedSessions sessions = Open(share);
        await LookAsync(share, sessions);
        Assert.All(sessions.Sessions, session => Assert.Null(session.LastError));
        Assert.Equal(shares, sessions.Sessions.Count);
        (int Messages, int Calls, double Cost) expected = Counted(files.Path);
        int calls = Keys("part").Count(key => Doc("part", key)["callID"] is not null);
        double cost = Keys("message").Sum(key => (double?)Doc("message", key)["cost"] ?? 0);
        Assert.Equal(expected.Messages, Keys("message").Count());
        Assert.Equal(expected.Calls, calls);
        Assert.Equal(expected.Cost, cost, 9);
        Assert.Equal(expected.Messages, sessions.Sessions.Sum(session => session.Report.Messages));
        using FollowedSessions again = Open(share);
        Assert.Equal(0, await again.LookAsync(ending.Token));
    }

    /// <summary>Counts messages, tool calls and cost from the rows, in a way of its own.</summary>
    private static (int Messages, int Calls, double Cost) Counted(string path)
    {
        (int messages, int calls, double cost) = (0, 0, 0);
        foreach (object?[] row in OpencodeFiles.Query(path, "SELECT type, data FROM session_message"))
        {
            JsonNode data = JsonNode.Parse((string)row[1]!)!;
            messages += (string)row[0]! == "idle" ? 0 : 1;
            calls += (string)row[0]! == "shell" ? 1
                : data["content"]?.AsArray().Count(content => (string?)content!["type"] == "tool") ?? 0;
            cost += (double?)data["cost"] ?? 0;
        }

        return (messages, calls, cost);
    }

    private void Start()
    {
        files.Sql(Opencode2Files.Tables);
        files.Session("ses_1");
        files.Row("ses_1", "m1", "user", 3, """{"text":"first"}""");
        files.Row("ses_1", "m2", "assistant", 4,
            Step.Replace("STATE", """{"status":"running","input":{"command":"ls"}}"""));
    }

    private FollowedSessions Open(OfflineShare share, (string, string)? chosen = null) => new(share.Client,
        new FollowOptions
        {
            Storages = [new Opencode2Storage(files.Path)], LockPath = share.LockPath, Chosen = chosen,
            Before = EarlierGeneration.RemovalsAsync,
        });

    private async Task<List<OpIntent>> LookAsync(OfflineShare share, FollowedSessions sessions)
    {
        await sessions.LookAsync(ending.Token);
        List<OpIntent> ops = [.. share.Take().Select(taken => taken.Op)];
        folded.Apply(ops);
        return ops;
    }

    private JsonNode Doc(string kind, string key) => JsonNode.Parse(folded.All[(kind, key)].GetRawText())!;

    private IEnumerable<string> Keys(string kind) =>
        folded.All.Keys.Where(key => key.Kind == kind).Select(key => key.Key).Order(StringComparer.Ordinal);
}
