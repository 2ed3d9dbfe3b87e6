using ShareRpc.Sources.Following;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.Codex;

public sealed class CodexCanaryTests : IDisposable
{
    private readonly CodexHome home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public async Task Nothing_that_a_tool_got_or_gave_reaches_a_reader_from_whom_tools_are_hidden()
    {
        home.Begin().Turn("t1", "question", "answer").Event("task_started", new { turn_id = "t2" })
            .Event("user_message", new { message = "do it" })
            .Call("a", "exec_command", """{"cmd":"canary-7c1e","workdir":"/canary-7c1e"}""")
            .Item("function_call_output", new { call_id = "a", output = SharedCanary.Word })
            .Item("custom_tool_call",
                new { name = "apply_patch", input = "*** Add File: canary-7c1e\n+x", call_id = "b" })
            .Item("custom_tool_call_output",
                new { call_id = "b", output = "apply_patch verification failed: canary-7c1e" })
            .Call("c", "update_plan", """{"plan":[{"step":"canary-7c1e"}]}""").Call("d", "unknown", "{canary-7c1e")
            .Item("function_call_output", new { call_id = "lost", output = SharedCanary.Word })
            .Item("web_search_call", new { id = "w", action = new { type = "search", query = SharedCanary.Word } })
            .Event("exec_command_end",
                new { call_id = "own", command = new[] { SharedCanary.Word }, stdout = SharedCanary.Word })
            .Event("patch_apply_end",
                new { call_id = "e", changes = new { canary = new { content = SharedCanary.Word } } })
            .Event("mcp_tool_call_end", new
            {
                call_id = "m",
                invocation = new { server = "s", tool = "t", arguments = new { canary = SharedCanary.Word } },
                result = new { Ok = new { content = new[] { new { type = "text", text = SharedCanary.Word } } } },
            })
            .Event("item_completed", new
            {
                item = new
                {
                    type = "CollabAgentToolCall", id = "f", tool = "spawn_agent", prompt = SharedCanary.Word,
                    receiver_thread_ids = new[] { "x" },
                },
            })
            .Item("message",
                new { role = "user", content = new[] { new { text = "<subagent_notification>canary-7c1e" } } })
            .Line("compacted", new { message = SharedCanary.Word })
            .Line("unheard_of", new { canary = SharedCanary.Word })
            .Event("task_complete", new { turn_id = "t2", last_agent_message = SharedCanary.Word });
        ReadSession whole = ReadSession.Whole(home.Storage);
        Assert.Equal(9, whole.Tools.Count(tool =>
            tool.GetRawText().Contains(SharedCanary.Word, StringComparison.Ordinal)));
        using ISessionReader reader = home.Storage.Open(home.Storage.Sessions()[0], null);
        List<string> shown = [.. RedactedView.Of(reader)];
        Assert.Contains(shown, json => json.Contains("\"answer\"", StringComparison.Ordinal));
        Assert.DoesNotContain(shown, json =>
            json.Contains(SharedCanary.Word, StringComparison.Ordinal));
        var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await SharedCanary.AssertHiddenAsync(home.Storage, home.Folder, "answer", timeout.Token);
    }
}
