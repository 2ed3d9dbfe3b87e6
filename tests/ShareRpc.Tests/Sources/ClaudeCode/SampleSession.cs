using System.Text.Json.Nodes;

namespace ShareRpc.Tests.Sources.ClaudeCode;

/// <summary>A session with everything in it that changes what was said before.</summary>
internal static class SampleSession
{
    public static void Write(string path)
    {
        var main = new Transcript(path);
        main.Plain("mode", ("mode", "normal"));
        main.Prompt("Begin");
        main.Attachment(new JsonObject { ["type"] = "prompt_snapshot", ["systemPrompt"] = "not shared" });
        main.Reply("tool_use", Transcript.Thought("think"), Transcript.Text("I look."),
            Transcript.Use("call-1", "Bash", ("command", "ls")), Transcript.Use("call-2", "Read", ("file_path", "a")),
            Transcript.Use("call-3", "Agent", ("prompt", "Look around"), ("subagent_type", "Explore")));
        string[] uses = ["node-00005", "node-00006", "node-00007"];
        Answer(main, uses[1], "call-2", "content of a");
        Answer(main, uses[0], "call-1", "a\nb");
        Answer(main, uses[2], "call-3", "all seen", new JsonObject { ["agentId"] = "a0123", ["status"] = "completed" });
        string done = main.Reply("end_turn", Transcript.Text("Done."));
        main.Plain("cost-state", ("totalCostUSD", 0.25));
        main.Prompt("Wrong way");
        main.Reply("end_turn", Transcript.Text("Gone the wrong way."), Transcript.Use("call-4", "Write"));
        main.Leaf = done;
        main.Prompt("Right way");
        main.Line("user", ("message", Command("/compact", "now")));
        string old = main.Leaf!;
        main.Leaf = null;
        main.System("compact_boundary", ("logicalParentUuid", old));
        main.Line("user", ("isCompactSummary", true), ("message", new JsonObject { ["content"] = "Summary of it." }));
        main.System("api_error", ("retryAttempt", 1), ("error", new JsonObject { ["formatted"] = "529 Overloaded" }));
        main.Reply("end_turn", Transcript.Text("After the summary."));
        main.Line("user", ("message", new JsonObject { ["content"] = "<bash-input>date</bash-input>" }));
        main.Line("user", ("message", new JsonObject { ["content"] = "<bash-stdout>today</bash-stdout>" }));
        main.Plain("custom-title", ("customTitle", "A made session"));
        main.Plain("cost-state", ("totalCostUSD", 0.5));
        WriteSubagent(System.IO.Path.ChangeExtension(path, null));
    }

    private static void WriteSubagent(string folder)
    {
        string subagents = System.IO.Path.Combine(folder, "subagents");
        Directory.CreateDirectory(subagents);
        File.WriteAllText(System.IO.Path.Combine(subagents, "agent-a0123.meta.json"), """{"toolUseId":"call-3"}""");
        var agent = new Transcript(System.IO.Path.Combine(subagents, "agent-a0123.jsonl")) { Agent = "a0123" };
        agent.Prompt("Look around");
        agent.Reply("tool_use", Transcript.Use("call-5", "Glob", ("pattern", "*")));
        agent.Result("call-5", "a");
        agent.Reply("end_turn", Transcript.Text("all seen"));
    }

    private static void Answer(Transcript main, string use, string call, string text, JsonObject? details = null)
    {
        main.Leaf = use;
        main.Result(call, text, details: details);
    }

    private static JsonObject Command(string name, string arguments) => new()
    {
        ["content"] = $"<command-name>{name}</command-name><command-args>{arguments}</command-args>",
    };
}
