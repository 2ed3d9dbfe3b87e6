using System.Text.Json;
using System.Text.Json.Nodes;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.ClaudeCode;

public sealed class ClaudeReaderTests : IDisposable
{
    private readonly ClaudeHome home = new();

    private Transcript Written => home.Transcript;

    public void Dispose() => home.Dispose();

    [Fact]
    public void A_reply_over_several_lines_is_one_message_whose_tokens_count_once()
    {
        Written.Prompt("Hello\nworld");
        Written.Reply("tool_use", Transcript.Thought("hm"), Transcript.Text("I run it."),
            Transcript.Use("call-1", "Bash", ("command", "ls"), ("description", "List")));
        Written.Result("call-1", "a\nb");
        ReadSession read = home.Read();
        Assert.Equal(["user text Hello\nworld", "assistant reasoning hm", "assistant text I run it.",
            "assistant tool bash"], read.Shown());
        JsonElement tool = Assert.Single(read.Tools);
        Assert.Equal(("completed", "a\nb", "List", "ls"), (tool.Text("state", "status"), tool.Text("state", "output"),
            tool.Text("state", "title"), tool.Text("state", "input", "command")));
        Assert.Equal(116, read.Session.Number("tokens", "total"));
        Assert.Equal(("Hello", "/home/dev/project", "main", "2.1.332"), (read.Session.Text("title"),
            read.Session.Text("directory"), read.Session.Text("branch"), read.Session.Text("agent_version")));
        Assert.Equal("streaming", TurnOf(read, "m0000001"));
    }

    [Fact]
    public void A_conversation_that_goes_on_from_a_line_that_is_in_no_file_says_so_once()
    {
        Written.Leaf = "gone";
        Written.Prompt("On");
        Written.Reply("end_turn", Transcript.Text("one"));
        var read = new ReadSession();
        home.Follow(read);
        Written.Prompt("More");
        home.Follow(read);
        JsonElement notice = read.Parts.Single(part => part.Text("type") == "notice");
        Assert.Equal("lost_parent", notice.Text("record"));
        Assert.Equal(1, Assert.Single(read.Report.Lost!).Value);
        Assert.Equal(read.Messages.Count(), read.Report.Messages);
        read.AssertSame(home.Read());
    }

    [Fact]
    public void What_is_rewound_is_marked_and_what_comes_back_loses_the_mark()
    {
        Written.Prompt("First");
        string first = Written.Reply("end_turn", Transcript.Text("one"));
        Written.Prompt("Second");
        string second = Written.Reply("end_turn", Transcript.Text("two"));
        var read = new ReadSession();
        home.Follow(read);
        Written.Leaf = first;
        Written.Prompt("Other");
        Assert.Equal(6, home.Follow(read) - TurnsAndSession(read));
        Assert.Equal(["user text First", "assistant text one", "user undone text Second",
            "assistant undone text two", "user text Other"], read.Shown());
        Assert.Equal(2, read.Messages.Count(message => message.IsTrue("undone")));
        read.AssertSame(home.Read());

        Written.Leaf = second;
        Written.Prompt("Back");
        home.Follow(read);
        Assert.Equal(["user text First", "assistant text one", "user text Second", "assistant text two",
            "user undone text Other", "user text Back"], read.Shown());
        read.AssertSame(home.Read());
    }

    [Fact]
    public void A_prompt_without_a_parent_rewinds_to_the_start()
    {
        Written.Prompt("First");
        Written.Reply("end_turn", Transcript.Text("one"));
        Written.Leaf = null;
        Written.Prompt("Anew");
        Assert.Equal(["user undone text First", "assistant undone text one", "user text Anew"], home.Read().Shown());
    }

    [Fact]
    public void Results_of_parallel_calls_keep_the_branch_in_whatever_order_they_come()
    {
        Written.Prompt("Go");
        Written.Reply("tool_use",
            Transcript.Use("a", "Bash"), Transcript.Use("b", "Bash"), Transcript.Use("c", "Bash"));
        string[] uses = ["node-00002", "node-00003", "node-00004"];
        foreach ((string call, string use) in new[] { ("c", uses[2]), ("a", uses[0]), ("b", uses[1]) })
        {
            Written.Leaf = use;
            Written.Result(call, $"result {call}");
        }

        Written.Reply("end_turn", Transcript.Text("done"));
        ReadSession read = home.Read();
        Assert.DoesNotContain(read.Parts, part => part.IsTrue("undone"));
        Assert.Equal(["result a", "result b", "result c"],
            read.Tools.OrderBy(tool => tool.Text("id"), StringComparer.Ordinal)
                .Select(tool => tool.Text("state", "output")));
        Assert.Equal("completed", TurnOf(read, "m0000001"));
    }

    [Fact]
    public void Both_roots_of_a_summarised_session_are_shown()
    {
        Written.Prompt("Before");
        Written.Reply("end_turn", Transcript.Text("one"));
        string leaf = Written.Leaf!;
        Written.Leaf = null;
        Written.System("compact_boundary", ("logicalParentUuid", leaf),
            ("compactMetadata", new JsonObject { ["trigger"] = "auto" }));
        Written.Line("user", ("isCompactSummary", true), ("message", new JsonObject { ["content"] = "The summary." }));
        Written.Prompt("After");
        ReadSession read = home.Read();
        Assert.Equal(["user text Before", "assistant text one", "system compaction The summary.", "user text After"],
            read.Shown());
        Assert.Contains(read.Parts, part => part.IsTrue("auto"));
    }

    [Fact]
    public void Copies_of_what_was_sent_to_the_model_are_not_shared()
    {
        Written.Prompt("Go");
        string[] attachments =
            ["prompt_snapshot", "environment", "session_context", "skill_listing", "auto_mode", "date", "model"];
        foreach (string type in attachments)
            Written.Attachment(new JsonObject { ["type"] = type, ["content"] = "canary" });
        foreach (string type in new[] { "api-request", "api-request-blob", "api-request-shape", "last-prompt", "mode" })
            Written.Plain(type, ("message", "canary"), ("lastPrompt", "canary"));
        Written.Attachment(new JsonObject { ["type"] = "file", ["displayPath"] = "a.txt", ["content"] = "canary" });
        Written.Reply("end_turn", Transcript.Text("done"));
        ReadSession read = home.Read();
        Assert.DoesNotContain(read.Documents.Values, document => document.GetRawText().Contains("canary"));
        Assert.Equal(["user text Go", "user file ", "assistant text done"], read.Shown());
        Assert.Empty(read.Report.Unknown);
    }

    [Fact]
    public void A_prompt_that_was_queued_and_the_report_of_a_background_task_are_not_lost()
    {
        Written.Prompt("Go");
        Written.Reply("tool_use", Transcript.Use("call-1", "Agent", ("prompt", "Look"), ("subagent_type", "Explore")));
        Written.Result("call-1", "Async agent launched", details: new JsonObject
        {
            ["agentId"] = "a77", ["status"] = "async_launched",
        });
        Written.Attachment(new JsonObject { ["type"] = "queued_command", ["prompt"] = "And this" });
        Written.Reply("end_turn", Transcript.Text("ok"));
        ReadSession read = home.Read();
        JsonElement subagent = read.Parts.Single(part => part.Text("type") == "subagent");
        Assert.Equal(("running", "a77", "Look", "Explore"), (subagent.Text("status"), subagent.Text("agent_session"),
            subagent.Text("prompt"), subagent.Text("name")));
        Assert.Contains("user text And this", read.Shown());
        Written.Attachment(new JsonObject
        {
            ["type"] = "queued_command", ["prompt"] = "<task-notification><task-id>a77</task-id>"
                + "<status>completed</status><result>All is well</result></task-notification>",
        });
        home.Follow(read);
        subagent = read.Parts.Single(part => part.Text("type") == "subagent");
        Assert.Equal(("completed", "All is well"), (subagent.Text("status"), subagent.Text("result")));
        read.AssertSame(home.Read());
    }

    [Fact]
    public void Failures_interruptions_and_kills_end_a_turn_and_its_first_end_stays()
    {
        Written.Prompt("Fails");
        Written.System("api_error",
            ("retryAttempt", 1), ("error", new JsonObject { ["formatted"] = "529 Overloaded" }));
        Written.Line("assistant", ("isApiErrorMessage", true), ("error", "server_error"), ("message", new JsonObject
        {
            ["id"] = "plain", ["model"] = "<synthetic>", ["stop_reason"] = "stop_sequence",
            ["content"] = new JsonArray(Transcript.Text("API Error: 529")),
        }));
        Written.Prompt("Interrupted");
        Written.Reply("tool_use", Transcript.Use("call-1", "Bash"));
        Written.Result("call-1", "The user doesn't want to proceed", isError: true);
        Written.Line("user",
            ("message", new JsonObject { ["content"] = "[Request interrupted by user for tool use]" }));
        Written.Prompt("Killed");
        Written.Reply("tool_use", Transcript.Use("call-2", "Bash"));
        Written.Prompt("Ends, and goes on");
        Written.Reply("end_turn", Transcript.Text("end"));
        Written.Reply("tool_use", Transcript.Use("call-3", "Bash"));
        Written.Prompt("Next");
        ReadSession read = home.Read();
        Assert.Equal(["failed", "aborted", "aborted", "completed", "streaming"],
            read.Documents.Where(one => one.Key.Kind == "turn").OrderBy(one => one.Key.Key, StringComparer.Ordinal)
                .Select(one => one.Value.Text("state")));
        JsonElement retry = read.Parts.Single(part => part.Text("type") == "retry");
        Assert.Equal((1L, "529 Overloaded"), (retry.Number("attempt"), retry.Text("error", "data", "message")));
        Assert.Contains(read.Messages, message => message.Text("error", "data", "message") == "API Error: 529");
        JsonElement denied = read.Tools.First();
        Assert.Equal(("error", "The user doesn't want to proceed"),
            (denied.Text("state", "status"), denied.Text("state", "error")));
    }

    [Fact]
    public void Commands_and_the_users_shell_are_shown_with_their_output()
    {
        Written.Line("user", ("isMeta", true), ("message",
            new JsonObject { ["content"] = "<local-command-caveat>not shown</local-command-caveat>" }));
        Written.Line("user", ("message", new JsonObject
        {
            ["content"] = "<command-name>/context</command-name>\n<command-args>all</command-args>",
        }));
        Written.System("local_command", ("content", "<local-command-stdout>Usage: 1</local-command-stdout>"));
        Written.Line("user", ("message", new JsonObject { ["content"] = "<bash-input>date</bash-input>" }));
        Written.Line("user", ("message",
            new JsonObject { ["content"] = "<bash-stdout>today</bash-stdout><bash-stderr>!</bash-stderr>" }));
        ReadSession read = home.Read();
        Assert.Equal(["user text /context all", "user text Usage: 1", "user tool bash"], read.Shown());
        Assert.Equal("today!", read.Tools.Single().Text("state", "output"));
        Assert.DoesNotContain(read.Documents.Keys, key => key.Kind == "turn");
    }

    [Fact]
    public void Edits_show_their_changes_and_pictures_are_attachments()
    {
        Written.Prompt("Edit");
        Written.Reply("tool_use", Transcript.Use("call-1", "Edit", ("file_path", "/a.txt")));
        Written.Result("call-1", "updated", details: JsonNode.Parse("""
            {"filePath":"/a.txt","structuredPatch":[{"oldStart":1,"oldLines":1,"newStart":1,"newLines":1,
            "lines":["-two","+TWO"]}]}
            """));
        Written.Reply("tool_use", Transcript.Use("call-2", "Read", ("file_path", "/p.png")));
        Written.Line("user", ("message", JsonNode.Parse("""
            {"content":[{"type":"tool_result","tool_use_id":"call-2","content":[{"type":"image","source":{"type":
            "base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]}
            """)));
        ReadSession read = home.Read();
        JsonElement edit = read.Tools.First();
        JsonElement change = edit.Object("state", "metadata")!.Value.Items("files").Single();
        Assert.Equal("--- /a.txt\n+++ /a.txt\n@@ -1,1 +1,1 @@\n-two\n+TWO\n", change.Text("patch"));
        JsonElement picture = read.Tools.Last().Items("state", "attachments").Single();
        Assert.Equal("data:image/png;base64,iVBORw0KGgo=", picture.Text("url"));
    }

    [Fact]
    public void An_output_in_a_file_of_its_own_is_whole_and_no_other_file_is_read()
    {
        string outputs = Path.Combine(home.SessionFolder, "tool-results");
        Directory.CreateDirectory(outputs);
        File.WriteAllText(Path.Combine(outputs, "big.txt"), new string('x', 200_000));
        File.WriteAllText(Path.Combine(home.SessionFolder, "secret.txt"), "canary");
        File.CreateSymbolicLink(Path.Combine(outputs, "link.txt"), Path.Combine(home.SessionFolder, "secret.txt"));
        Written.Prompt("Go");
        string[] paths = ["/elsewhere/tool-results/big.txt", "../secret.txt", "/x/link.txt", "..", "/x/none.txt"];
        foreach ((int number, string path) in paths.Index())
        {
            Written.Reply("tool_use", Transcript.Use($"call-{number}", "Bash"));
            Written.Result($"call-{number}", "<persisted-output>cut", details: new JsonObject
            {
                ["stdout"] = "beginning", ["persistedOutputPath"] = path,
            });
        }

        ReadSession read = home.Read();
        Assert.Equal([200_000, 9, 9, 9, 9], read.Tools.OrderBy(tool => tool.Text("id"), StringComparer.Ordinal)
            .Select(tool => tool.Text("state", "output")!.Length));
    }

    [Fact]
    public void A_todo_list_is_that_of_the_branch()
    {
        Written.Prompt("Plan");
        string first = Written.Reply("tool_use", Todos("one"));
        Written.Prompt("Again");
        Written.Reply("tool_use", Todos("two"));
        var read = new ReadSession();
        home.Follow(read);
        Assert.Contains("two", read.Documents[("todo", home.Session)].GetRawText());
        Written.Leaf = first;
        Written.Prompt("Back");
        home.Follow(read);
        Assert.Contains("one", read.Documents[("todo", home.Session)].GetRawText());
        read.AssertSame(home.Read());
    }

    private static JsonObject Todos(string text) => Transcript.Use($"call-{text}", "TodoWrite",
        ("todos", new JsonArray(new JsonObject { ["content"] = text, ["status"] = "pending" })));

    private static string? TurnOf(ReadSession read, string key) => read.Documents[("turn", key)].Text("state");

    /// <summary>Counts what the new prompt itself brings: the end of nothing, a turn, the session.</summary>
    private static int TurnsAndSession(ReadSession read) => read.Documents.Keys.Count(key => key.Kind == "session") + 1;
}
