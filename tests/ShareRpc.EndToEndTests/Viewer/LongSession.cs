using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>
/// Makes a session of the size that heavy users have: turns of reasoning, answers, outputs and edits.
/// </summary>
internal static class LongSession
{
    /// <summary>The size of a session at full size, which has 44 MB.</summary>
    public const int Parts = 18_500;

    private const int PartsOfTurn = 43;
    private const string Line = "The quick brown fox jumps over the lazy dog and goes on.\n";

    /// <summary>Returns the documents of at least so many parts.</summary>
    public static IEnumerable<(string Kind, string Key, JsonNode Data)> Documents(int parts)
    {
        yield return Docs.Session("A long session");
        int turns = (parts + PartsOfTurn - 1) / PartsOfTurn;
        for (int turn = 0; turn < turns; turn++)
        {
            foreach ((string, string, JsonNode) document in Turn(turn)) yield return document;
        }
    }

    private static IEnumerable<(string Kind, string Key, JsonNode Data)> Turn(int turn)
    {
        int time = 1_000_000 + (turn * 60_000);
        string user = $"msg_{turn:d5}_00";
        yield return Docs.User(user, time);
        yield return Docs.Text($"prt_{turn:d5}_00_0", user, $"Question {turn}. {Lines(3)}");
        for (int step = 1; step <= 6; step++)
        {
            string answer = $"msg_{turn:d5}_{step:d2}";
            string Part(int at) => $"prt_{turn:d5}_{step:d2}_{at}";
            (string kind, string key, JsonNode message) = Docs.Assistant(answer, time + (step * 1000));
            message["parentID"] = user;
            message["cost"] = 0.01;
            message["tokens"] = new JsonObject { ["input"] = 1_000, ["output"] = 100 };
            yield return (kind, key, message);
            yield return Other(Part(0), answer, "step-start");
            yield return Other(Part(1), answer, "reasoning", Lines(10));
            yield return Docs.Text(Part(2), answer, $"{Lines(12)}\n```ts\nconst answer = {turn};\n```\n");
            yield return Docs.Tool(Part(3), answer, "bash", new JsonObject { ["command"] = "npm test" }, Lines(90));
            yield return Docs.Tool(Part(4), answer, "read", new JsonObject { ["filePath"] = "/a/b.ts" }, Lines(120));
            yield return Docs.Tool(Part(5), answer, "edit", new JsonObject
            {
                ["filePath"] = $"/a/{turn % 40}.ts", ["oldString"] = Lines(12),
                ["newString"] = $"{Lines(5)}changed in turn {turn}\n{Lines(7)}",
            }, "done");
            yield return Other(Part(6), answer, "step-finish");
        }
    }

    private static (string Kind, string Key, JsonNode Data) Other(
        string id, string message, string type, string? text = null)
    {
        var part = new JsonObject { ["id"] = id, ["messageID"] = message, ["type"] = type };
        if (text is not null) part["text"] = text;
        return ("part", id, part);
    }

    private static string Lines(int count) => string.Concat(Enumerable.Repeat(Line, count));
}
