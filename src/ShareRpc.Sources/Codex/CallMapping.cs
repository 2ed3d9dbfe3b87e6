using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>Makes tool calls of the session format from what Codex writes of them.</summary>
internal static class CallMapping
{
    /// <summary>Returns the call that an item makes; its output is not known yet.</summary>
    public static ToolCall OfCall(JsonElement item, string callId, long time)
    {
        string type = item.Text("type") ?? "";
        string name = item.Text("name") ?? type.Replace("_call", "", StringComparison.Ordinal);
        var call = new ToolCall { CallId = callId, Name = name, Start = time };
        if (type == "local_shell_call") return Shell(call, item.Object("action") ?? item, "command");
        if (type == "custom_tool_call") return Patch(call, item.Text("input"));
        if (type == "web_search_call")
            return call with { Name = "websearch", Input = BoundedInput.Of(item.Find("action")) };
        using JsonDocument? parsed = RecordFields.Parse(item.Text("arguments"));
        JsonElement? given = parsed?.RootElement ?? item.Find("arguments");
        if (given is not { ValueKind: JsonValueKind.Object } arguments)
            return call with { Input = TextInput("arguments", item.Text("arguments") ?? item.Text("summary")) };
        return name switch
        {
            "exec_command" => Shell(call, arguments, "cmd"),
            "shell" or "shell_command" or "container.exec" => Shell(call, arguments, "command"),
            "apply_patch" => Patch(call, arguments.Text("input") ?? arguments.Text("patch")),
            "update_plan" => call with { Name = "todowrite", Input = Plan(arguments) },
            _ => call with { Input = BoundedInput.Of(arguments) },
        };
    }

    /// <summary>Returns the call with its output, as the model got it.</summary>
    public static ToolCall WithOutput(ToolCall call, JsonElement item, long time)
    {
        string text = item.Text("output") ?? string.Join('\n', item.TextsOfItems("output"));
        List<Attachment> pictures =
            [.. item.Items("output").Select(part => Attachment.OfDataUrl(part.Text("image_url"))).OfType<Attachment>()];
        if (item.Find("output") is { ValueKind: JsonValueKind.Object } output)
            text = output.Text("content") ?? output.Raw().ToString();
        if (item.Text("type") == "tool_search_output") text = string.Join('\n', ToolNames(item));
        ToolOutput read = ToolOutput.Of(call.Name, text, pictures.Count > 0);
        call = call with { Attachments = pictures, Exit = read.Exit, Output = read.Text };
        if (read.IsRunning) return call;
        return read.IsError
            ? call with { Status = ToolCall.Failed, Error = read.Text, Output = null, End = time }
            : call with { Status = ToolCall.Completed, End = time };
    }

    /// <summary>Returns the call with what a completed item says of it; null if the item is about none.</summary>
    public static ToolCall? WithItem(ToolCall? call, JsonElement item, string callId, long start, long end)
    {
        ToolCall made = call ?? new ToolCall { CallId = callId, Name = item.Text("type") ?? "tool", Start = start };
        made = made with { End = end };
        bool isFailed = item.Text("status") is "failed" or "declined";
        switch (item.Text("type"))
        {
            case "CommandExecution" or "exec_command_end":
                return Command(call is null ? Shell(made, item, "command") : made, item);
            case "FileChange" or "patch_apply_end":
                isFailed |= item.Find("success") is { ValueKind: JsonValueKind.False };
                string said = item.Text("stdout") + item.Text("stderr");
                made = made with { Name = "apply_patch", Files = [.. PatchText.Changes(item.Object("changes"))] };
                return isFailed ? made with { Status = ToolCall.Failed, Error = said }
                    : made with { Status = ToolCall.Completed, Output = said };
            case "McpToolCall" or "mcp_tool_call_end":
                return Mcp(made, item, isFailed);
            case "WebSearch" or "web_search_end":
                return made with
                {
                    Name = "websearch", Status = ToolCall.Completed, Title = item.Text("query"),
                    Input = BoundedInput.Of(item.Find("action")),
                };
            default:
                return null; // an ImageView: the output says it
        }
    }

    private static ToolCall Shell(ToolCall call, JsonElement arguments, string member)
    {
        List<string> words = [.. arguments.Texts(member)];
        string command = arguments.Text(member)
            ?? (words is [_, "-lc" or "-c", { } line] ? line : string.Join(' ', words));
        RawJson input = SessionFormat.Object(json =>
        {
            json.WriteString("command", command);
            if ((arguments.Text("workdir") ?? arguments.Text("cwd")) is { Length: > 0 } folder)
                json.WriteString("workdir", folder);
            if (arguments.Text("justification") is { Length: > 0 } reason) json.WriteString("description", reason);
        });
        return call with { Name = "bash", Input = input };
    }

    private static ToolCall Command(ToolCall call, JsonElement item)
    {
        int exit = (int)Math.Clamp(item.Number("exit_code") ?? 0, int.MinValue, int.MaxValue);
        string output = item.Text("aggregated_output") ?? item.Text("formatted_output")
            ?? item.Text("stdout") + item.Text("stderr");
        bool isDeclined = item.Text("status") == "declined";
        if (exit < 0 || isDeclined)
        {
            string error = isDeclined ? "The command was declined." : "The command was cut off.";
            return call with { Status = ToolCall.Failed, Error = error, Output = output };
        }

        return call with { Status = ToolCall.Completed, Output = output, Exit = exit };
    }

    private static ToolCall Mcp(ToolCall call, JsonElement item, bool isFailed)
    {
        JsonElement invocation = item.Object("invocation") ?? item;
        JsonElement? result = item.Object("result", "Ok") ?? item.Object("result");
        string text = string.Join('\n', (result ?? item).TextsOfItems("content"));
        string? error = item.Text("error", "message") ?? item.Text("error") ?? item.Text("result", "Err");
        call = call with
        {
            Name = $"{invocation.Text("server")}_{invocation.Text("tool")}",
            Input = BoundedInput.Of(invocation.Find("arguments")),
        };
        return isFailed || error is not null
            ? call with { Status = ToolCall.Failed, Error = error ?? text }
            : call with { Status = ToolCall.Completed, Output = text };
    }

    private static ToolCall Patch(ToolCall call, string? patch) => call.Name == "apply_patch"
        ? call with { Input = TextInput("patch", patch), Files = [.. PatchText.Files(patch ?? "")] }
        : call with { Input = TextInput("input", patch) };

    private static RawJson Plan(JsonElement arguments) => SessionFormat.Object(json =>
    {
        if (arguments.Text("explanation") is { Length: > 0 } reason) json.WriteString("explanation", reason);
        json.WriteStartArray("todos");
        foreach (JsonElement step in arguments.Items("plan"))
        {
            json.WriteStartObject();
            json.WriteString("content", step.Text("step") ?? "");
            json.WriteString("status", step.Text("status") ?? "pending");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static RawJson TextInput(string name, string? text) =>
        SessionFormat.Object(json => json.WriteString(name, text ?? ""));

    private static IEnumerable<string> ToolNames(JsonElement item) => item.Items("tools").SelectMany(tool =>
        tool.Items("tools").Select(inner => $"{tool.Text("name")}.{inner.Text("name")}").DefaultIfEmpty(
            tool.Text("name") ?? ""));
}
