using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>Documents as opencode's source makes them.</summary>
internal static class Docs
{
    public static (string Kind, string Key, JsonNode Data) Session(string title) => ("session", "ses_1", new JsonObject
    {
        ["id"] = "ses_1", ["title"] = title, ["directory"] = "/home/dev/project",
        ["time"] = new JsonObject { ["created"] = 1 },
    });

    public static (string Kind, string Key, JsonNode Data) User(string id, int time) => ("message", id, new JsonObject
    {
        ["id"] = id, ["role"] = "user", ["time"] = new JsonObject { ["created"] = time },
    });

    public static (string Kind, string Key, JsonNode Data) Assistant(string id, int time) =>
        ("message", id, new JsonObject
    {
        ["id"] = id, ["role"] = "assistant", ["agent"] = "build", ["modelID"] = "model", ["finish"] = "stop",
        ["time"] = new JsonObject { ["created"] = time, ["completed"] = time },
    });

    public static (string Kind, string Key, JsonNode Data) Text(string id, string message, string text) =>
        ("part", id, new JsonObject
    {
        ["id"] = id, ["messageID"] = message, ["type"] = "text", ["text"] = text,
    });

    public static (string Kind, string Key, JsonNode Data) Tool(
        string id, string message, string tool, JsonObject input, string output) => ("part", id, new JsonObject
    {
        ["id"] = id, ["messageID"] = message, ["type"] = "tool", ["tool"] = tool,
        ["state"] = new JsonObject
        {
            ["status"] = "completed", ["input"] = input, ["output"] = output, ["title"] = "title",
            ["time"] = new JsonObject { ["start"] = 1, ["end"] = 20 },
        },
    });

    /// <summary>Questions and answers, so many of each.</summary>
    public static IEnumerable<(string Kind, string Key, JsonNode Data)> Conversation(int turns,
        string title = "A conversation")
    {
        yield return Session(title);
        for (int i = 0; i < turns; i++)
        {
            yield return User($"msg_{i:d6}a", 10 + (2 * i));
            yield return Text($"prt_{i:d6}a", $"msg_{i:d6}a", $"Question {i}");
            yield return Assistant($"msg_{i:d6}b", 11 + (2 * i));
            yield return Text($"prt_{i:d6}b", $"msg_{i:d6}b",
                $"Answer {i}.\n\n- one\n- two\n\n```js\nconst answer = {i};\n```");
        }
    }
}
