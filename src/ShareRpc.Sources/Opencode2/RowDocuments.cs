using System.Runtime.InteropServices;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Sources.Opencode2;

/// <summary>Makes the documents of one row: a message and its parts, keyed by the position in the row.</summary>
/// <param name="share">The session whose share it is.</param>
/// <param name="agentSession">The subagent's session that has the row; null for the session's own.</param>
/// <param name="unknown">Counts the types that this version does not know.</param>
internal sealed class RowDocuments(string share, string? agentSession, Dictionary<string, int> unknown)
{
    private static readonly JsonDocumentOptions ParseOptions = new() { MaxDepth = 64 };

    private readonly List<DocumentChange> changes = [];
    private MessageRow row = null!;
    private bool isUndone;
    private bool isWaiting;

    /// <summary>Gets whether the rows are of the session itself, not of a subagent.</summary>
    public bool IsOfSession => agentSession is null;

    /// <summary>Gets the to-do list that the last row wrote; null for none.</summary>
    public RawJson? Todos { get; private set; }

    /// <summary>Returns the message before its parts; empty for a row that only ends a turn.</summary>
    /// <param name="source">The row.</param>
    /// <param name="undone">The user has taken it back.</param>
    /// <param name="waiting">OpenCode has not taken it up.</param>
    public IReadOnlyList<DocumentChange> Of(MessageRow source, bool undone, bool waiting = false)
    {
        Todos = null;
        if (source.Type == "idle") return [];
        (row, isUndone, isWaiting) = (source, undone, waiting);
        changes.Clear();
        try
        {
            using JsonDocument document = JsonDocument.Parse(row.Data, ParseOptions);
            if (document.RootElement.ValueKind == JsonValueKind.Object) Map(document.RootElement);
            else Unknown($"{row.Type}: no object");
        }
        catch (JsonException)
        {
            Unknown($"{row.Type}: no JSON");
        }

        return [.. changes];
    }

    /// <summary>Returns the key of a message's part.</summary>
    public static string PartKey(string messageId, int position) => $"{messageId}.{position:D5}";

    private void Map(JsonElement data)
    {
        switch (row.Type)
        {
            case "user":
                Message("user", data, _ => { });
                JsonElement within = Member(data, "prompt");
                JsonElement prompt = within.ValueKind == JsonValueKind.Object ? within : data;
                AddText(Text(prompt, "text"), isSynthetic: false);
                foreach (JsonElement file in Items(prompt, "files")) AddFile(file);
                break;
            case "assistant":
                Message("assistant", data, json => WriteStep(json, data));
                foreach (JsonElement content in Items(data, "content")) AddContent(content);
                break;
            case "system" or "synthetic" or "skill":
                Message("system", data, _ => { });
                AddText(Text(data, "text"), isSynthetic: true);
                break;
            case "shell":
                Message("system", data, _ => { });
                AddShell(data);
                break;
            case "compaction":
                Message("system", data, json => WriteUsage(json, data));
                AddCompaction(data);
                break;
            case "agent-switched" or "model-switched" or "location-switched":
                Message("system", data, _ => { });
                AddNotice(row.Type, Switched(data));
                break;
            default:
                Unknown(row.Type);
                break;
        }
    }

    private void Unknown(string type)
    {
        unknown[type] = unknown.GetValueOrDefault(type) + 1;
        Message("system", default, _ => { });
        AddNotice(type, detail: null);
    }

    private void Message(string role, JsonElement data, Action<Utf8JsonWriter> write) =>
        changes.Add(SessionFormat.Message(share, row.Id, role, agentSession, json =>
        {
            json.WriteStartObject("time");
            json.WriteNumber("created", row.Created);
            if (Number(Member(data, "time"), "completed") is { } completed) json.WriteNumber("completed", completed);
            json.WriteEndObject();
            if (isUndone) json.WriteBoolean("undone", true);
            if (isWaiting) json.WriteBoolean("queued", true);
            write(json);
        }));

    private static void WriteStep(Utf8JsonWriter json, JsonElement data)
    {
        Copy(json, data, "agent", "agent");
        Copy(json, Member(data, "model"), "id", "modelID");
        Copy(json, Member(data, "model"), "providerID", "providerID");
        Copy(json, Member(data, "model"), "variant", "variant");
        Copy(json, data, "finish", "finish");
        WriteUsage(json, data);
        if (Member(data, "error") is not { ValueKind: JsonValueKind.Object } error) return;
        json.WriteStartObject("error");
        Copy(json, error, "type", "name");
        json.WriteStartObject("data");
        Copy(json, error, "message", "message");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteUsage(Utf8JsonWriter json, JsonElement data)
    {
        Copy(json, data, "cost", "cost");
        Copy(json, data, "tokens", "tokens");
    }

    private void AddContent(JsonElement content)
    {
        switch (Text(content, "type"))
        {
            case "text":
                AddText(Text(content, "text"), isSynthetic: false);
                break;
            case "reasoning":
                Part("reasoning", json =>
                {
                    json.WriteString("text", Text(content, "text"));
                    WriteTime(json, content);
                });
                break;
            case "tool" when Text(Member(Member(content, "state"), "metadata"), "sessionID") is { Length: > 0 } child:
                AddSubagent(content, child);
                break;
            case "tool":
                AddTool(content);
                break;
            case var type:
                string name = $"content {type}";
                unknown[name] = unknown.GetValueOrDefault(name) + 1;
                AddNotice(name, detail: null);
                break;
        }
    }

    private void AddTool(JsonElement content)
    {
        JsonElement state = Member(content, "state");
        if (Text(content, "name") == "todowrite" && StatusOf(state) == "completed")
        {
            Todos = TodoDocument.Build([.. Items(Member(state, "input"), "todos").Select(todo =>
                (Text(todo, "content"), Text(todo, "status"), Text(todo, "priority")))]) ?? RawJson.Parse("[]");
        }

        Part("tool", json =>
        {
            Copy(json, content, "id", "callID");
            Copy(json, content, "name", "tool");
            json.WriteStartObject("state");
            json.WriteString("status", StatusOf(state));
            Copy(json, state, "input", "input");
            string output = TextOf(state);
            if (output.Length > 0 || StatusOf(state) == "completed") json.WriteString("output", output);
            if (Member(state, "error") is { ValueKind: JsonValueKind.Object } error)
                json.WriteString("error", Text(error, "message"));
            Copy(json, state, "metadata", "metadata");
            WriteAttachments(json, state);
            WriteTime(json, content);
            json.WriteEndObject();
        });
    }

    private void AddSubagent(JsonElement content, string child)
    {
        JsonElement state = Member(content, "state");
        JsonElement input = Member(state, "input");
        Part("subagent", json =>
        {
            Copy(json, content, "id", "callID");
            Copy(json, content, "name", "tool");
            json.WriteString("agent_session", child);
            Copy(json, input, "agent", "name");
            Copy(json, input, "description", "description");
            Copy(json, input, "prompt", "prompt");
            json.WriteString("status", StatusOf(state));
            string result = TextOf(state);
            if (result.Length > 0) json.WriteString("result", result);
            if (Member(state, "error") is { ValueKind: JsonValueKind.Object } error)
                json.WriteString("error", Text(error, "message"));
            WriteTime(json, content);
        });
    }

    private void AddShell(JsonElement data) => Part("tool", json =>
    {
        bool isOver = Member(data, "output").ValueKind == JsonValueKind.String;
        Copy(json, data, "callID", "callID");
        json.WriteString("tool", "shell");
        json.WriteStartObject("state");
        json.WriteString("status", isOver ? "completed" : "running");
        json.WriteStartObject("input");
        Copy(json, data, "command", "command");
        json.WriteEndObject();
        Copy(json, data, "output", "output");
        json.WriteEndObject();
    });

    private void AddCompaction(JsonElement data) => Part("compaction", json =>
    {
        Copy(json, data, "status", "status");
        json.WriteBoolean("auto", Text(data, "reason") == "auto");
        Copy(json, data, "summary", "summary");
    });

    private void AddText(string text, bool isSynthetic) => Part("text", json =>
    {
        json.WriteString("text", text);
        if (isSynthetic) json.WriteBoolean("synthetic", true);
    });

    private void AddFile(JsonElement file) => Part("file", json => WriteFile(json, file));

    private void AddNotice(string type, string? detail) => Part("notice", json =>
    {
        json.WriteString("record", type);
        if (detail is not null) json.WriteString("detail", detail);
    });

    private void Part(string type, Action<Utf8JsonWriter> write) => changes.Add(SessionFormat.Part(
        share, row.Id, PartKey(row.Id, changes.Count - 1), type, json =>
        {
            if (isUndone) json.WriteBoolean("undone", true);
            write(json);
        }));

    private static string Switched(JsonElement data)
    {
        string now = Text(data, "agent") is { Length: > 0 } agent ? agent
            : Text(Member(data, "model"), "id") is { Length: > 0 } model ? model
            : Text(Member(data, "location"), "directory");
        return Text(data, "previous") is { Length: > 0 } before && before != now ? $"{before} → {now}" : now;
    }

    private static string StatusOf(JsonElement state)
    {
        string status = Text(state, "status");
        return status is "completed" or "error" or "running" ? status : "pending";
    }

    /// <summary>Returns the text parts of a tool's content.</summary>
    private static string TextOf(JsonElement state) => string.Join('\n', Items(state, "content")
        .Where(part => Text(part, "type") == "text").Select(part => Text(part, "text")));

    private static void WriteAttachments(Utf8JsonWriter json, JsonElement state)
    {
        JsonElement[] files = [.. Items(state, "content").Where(part => Text(part, "type") != "text")];
        if (files.Length == 0) return;
        json.WriteStartArray("attachments");
        foreach (JsonElement file in files)
        {
            json.WriteStartObject();
            json.WriteString("type", "file");
            WriteFile(json, file);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteFile(Utf8JsonWriter json, JsonElement file)
    {
        Copy(json, file, "mime", "mime");
        Copy(json, file, "name", "filename");
        Copy(json, file, "uri", "url");
    }

    private static void WriteTime(Utf8JsonWriter json, JsonElement content)
    {
        JsonElement time = Member(content, "time");
        if ((Number(time, "ran") ?? Number(time, "created")) is not { } start) return;
        json.WriteStartObject("time");
        json.WriteNumber("start", start);
        if (Number(time, "completed") is { } end) json.WriteNumber("end", end);
        json.WriteEndObject();
    }

    private static void Copy(Utf8JsonWriter json, JsonElement from, string name, string into)
    {
        if (Member(from, name) is not { ValueKind: not (JsonValueKind.Undefined or JsonValueKind.Null) } value) return;
        json.WritePropertyName(into);
        json.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);
    }

    private static JsonElement Member(JsonElement from, string name) =>
        from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out JsonElement value) ? value : default;

    private static string Text(JsonElement from, string name)
    {
        JsonElement value = Member(from, name);
        if (value.ValueKind != JsonValueKind.String) return "";
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return value.GetRawText()[1..^1]; // a lone surrogate is legal JSON, but no text
        }
    }

    private static double? Number(JsonElement from, string name) =>
        Member(from, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double number)
            ? number : null;

    private static JsonElement[] Items(JsonElement from, string name) =>
        Member(from, name) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : [];
}
