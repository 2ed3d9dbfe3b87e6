using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>A session with one of everything that the page shows, as opencode writes it.</summary>
internal static class RichSession
{
    public const string Answer = "msg_2";

    /// <summary>A picture of one pixel.</summary>
    private const string Pixel =
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
        + "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    public static IEnumerable<(string Kind, string Key, JsonNode Data)> Documents(string subSession = "ses_child")
    {
        yield return Docs.Session("Rename a function");
        yield return Docs.User("msg_1", 1_000);
        yield return Docs.Text("prt_10", "msg_1", "Please rename `old` to **new**.\n\nAnd test it.");
        yield return File("prt_11", "shot.png", "image/png", Pixel);
        yield return File("prt_12", "notes.txt", "text/plain", "data:text/plain;base64,aGVsbG8=");
        (string _, string _, JsonNode message) = Docs.Assistant(Answer, 2_000);
        message["tokens"] = new JsonObject { ["input"] = 1_200, ["output"] = 300 };
        message["cost"] = 0.25;
        yield return ("message", Answer, message);
        yield return ("part", "prt_20", new JsonObject
        {
            ["messageID"] = Answer, ["type"] = "reasoning",
            ["text"] = "First line of thought.\n\nThe hidden depth of it.",
            ["time"] = new JsonObject { ["start"] = 0, ["end"] = 3_000 },
        });
        const string done =
            "## Done\n\n| file | state |\n|---|---|\n| a.ts | changed |\n\n```ts\nconst copied = 1;\n```";
        yield return Docs.Text("prt_21", Answer, done);
        yield return Docs.Tool("prt_22", Answer, "bash", new JsonObject { ["command"] = "seq 40" }, Lines(40));
        yield return Edit("prt_23", "a.ts", "one\ntwo\nthree", "one\nTWO\nthree");
        yield return Docs.Tool("prt_24", Answer, "read", new JsonObject { ["filePath"] = "a.ts" }, "between the edits");
        yield return Edit("prt_25", "b.ts", "four\nfive", "four\nFIVE\nsix");
        yield return ("part", "prt_26", new JsonObject
        {
            ["messageID"] = Answer, ["type"] = "tool", ["tool"] = "task", ["state"] = new JsonObject
            {
                ["status"] = "completed",
                ["input"] = new JsonObject { ["prompt"] = "look", ["subagent_type"] = "general" },
                ["output"] = "found", ["metadata"] = new JsonObject { ["sessionId"] = subSession },
            },
        });
        yield return ("part", "prt_27", new JsonObject
        {
            ["messageID"] = Answer, ["type"] = "tool", ["tool"] = "grep", ["state"] = new JsonObject
            {
                ["status"] = "error", ["input"] = new JsonObject { ["pattern"] = "x" }, ["error"] = "no such file",
            },
        });
        yield return Docs.User("msg_3", 3_000);
        yield return Docs.Text("prt_30", "msg_3", "Go on.");
        yield return Failed("msg_4", 4_000, "ProviderError", "the model is not there");
        yield return Docs.User("msg_5", 5_000);
        yield return Docs.Text("prt_50", "msg_5", "Stop.");
        yield return Failed("msg_6", 6_000, "MessageAbortedError", "");
        yield return ("todo", "ses_1", new JsonArray(
            new JsonObject { ["content"] = "rename it", ["status"] = "completed" },
            new JsonObject { ["content"] = "test it", ["status"] = "in_progress", ["priority"] = "high" }));
        yield return ("session_diff", "ses_1", new JsonArray(
            new JsonObject { ["file"] = "a.ts", ["before"] = "two", ["after"] = "TWO", ["additions"] = 1,
                ["deletions"] = 1 }));
    }

    public static (string Kind, string Key, JsonNode Data) Edit(string id, string file, string before, string after) =>
        Docs.Tool(id, Answer, "edit",
            new JsonObject { ["filePath"] = file, ["oldString"] = before, ["newString"] = after }, "");

    private static (string Kind, string Key, JsonNode Data) File(string id, string name, string type, string url) =>
        ("part", id, new JsonObject
        {
            ["messageID"] = "msg_1", ["type"] = "file", ["filename"] = name, ["mime"] = type, ["url"] = url,
        });

    private static (string Kind, string Key, JsonNode Data) Failed(string id, int time, string error, string message)
    {
        (string kind, string key, JsonNode data) = Docs.Assistant(id, time);
        data["error"] = new JsonObject { ["name"] = error, ["data"] = new JsonObject { ["message"] = message } };
        return (kind, key, data);
    }

    private static string Lines(int count) =>
        string.Join('\n', Enumerable.Range(1, count).Select(line => $"line {line}"));
}
