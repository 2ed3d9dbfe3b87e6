using System.Globalization;
using System.Text.Json.Nodes;

namespace ShareRpc.Tests.Sources.ClaudeCode;

/// <summary>Writes a transcript as Claude Code does, line by line.</summary>
internal sealed class Transcript(string path)
{
    private static readonly DateTimeOffset Start = new(2026, 11, 30, 8, 0, 0, TimeSpan.Zero);

    private int lines;
    private int replies;

    public string Path => path;

    /// <summary>Gets or sets the node that the next line hangs on.</summary>
    public string? Leaf { get; set; }

    /// <summary>Gets or sets the subagent whose transcript it is; null for none.</summary>
    public string? Agent { get; init; }

    /// <summary>Gets whether it is a subagent's conversation in the session's own file, as of old versions.</summary>
    public bool IsAside { get; init; }

    public string Prompt(string text) => Line("user", ("message", Message("user", text)), ("promptId", "p"));

    /// <summary>Writes a reply, a line a block; returns the node of the last.</summary>
    public string Reply(string? stop, params JsonObject[] blocks)
    {
        string id = $"msg_{Agent}{(IsAside ? "aside" : "")}{++replies:D3}";
        foreach (JsonObject block in blocks) ReplyLine(id, stop, block);
        return Leaf!;
    }

    public string ReplyLine(string id, string? stop, JsonObject block) => Line("assistant", ("message", new JsonObject
    {
        ["id"] = id, ["role"] = "assistant", ["model"] = "model-1", ["content"] = new JsonArray(block),
        ["stop_reason"] = stop, ["usage"] = new JsonObject
        {
            ["input_tokens"] = 10, ["output_tokens"] = 5, ["cache_read_input_tokens"] = 100,
            ["cache_creation_input_tokens"] = 1,
        },
    }));

    public string Result(string call, string text, bool isError = false, JsonNode? details = null) => Line(
        "user", ("message", Message("user", new JsonArray(new JsonObject
        {
            ["type"] = "tool_result", ["tool_use_id"] = call, ["content"] = text, ["is_error"] = isError,
        }))), ("toolUseResult", details));

    public string System(string subtype, params (string, JsonNode?)[] members) =>
        Line("system", [("subtype", subtype), .. members]);

    public string Attachment(JsonObject attachment) => Line("attachment", ("attachment", attachment));

    /// <summary>Writes a line that is no node of the conversation.</summary>
    public void Plain(string type, params (string Name, JsonNode? Value)[] members)
    {
        var line = new JsonObject { ["type"] = type };
        foreach ((string name, JsonNode? value) in members) line[name] = value;
        Raw(line.ToJsonString());
    }

    public void Raw(string line) => File.AppendAllText(path, line + "\n");

    /// <summary>Writes a line that hangs on the leaf and becomes it.</summary>
    public string Line(string type, params (string Name, JsonNode? Value)[] members)
    {
        string uuid = $"{Agent}{(IsAside ? "aside-" : "")}node-{++lines:D5}";
        var line = new JsonObject
        {
            ["parentUuid"] = Leaf, ["isSidechain"] = IsAside || Agent is not null, ["type"] = type, ["uuid"] = uuid,
            ["timestamp"] = Start.AddSeconds(lines).ToString("O", CultureInfo.InvariantCulture),
            ["cwd"] = "/home/dev/project", ["version"] = "2.1.332", ["gitBranch"] = "main",
        };
        if (Agent is not null) line["agentId"] = Agent;
        foreach ((string name, JsonNode? value) in members) line[name] = value;
        Raw(line.ToJsonString());
        Leaf = uuid;
        return uuid;
    }

    public static JsonObject Text(string text) => new() { ["type"] = "text", ["text"] = text };

    public static JsonObject Thought(string text) => new() { ["type"] = "thinking", ["thinking"] = text };

    public static JsonObject Use(string id, string tool, params (string Name, JsonNode? Value)[] input)
    {
        var given = new JsonObject();
        foreach ((string name, JsonNode? value) in input) given[name] = value;
        return new JsonObject { ["type"] = "tool_use", ["id"] = id, ["name"] = tool, ["input"] = given };
    }

    private static JsonObject Message(string role, JsonNode content) =>
        new() { ["role"] = role, ["content"] = content };
}
