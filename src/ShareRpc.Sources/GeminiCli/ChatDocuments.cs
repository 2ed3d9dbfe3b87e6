using System.Text.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.GeminiCli;

/// <summary>Makes the documents of a conversation's messages.</summary>
/// <param name="place">Whose documents.</param>
/// <param name="state">Of the conversation.</param>
/// <param name="emit">Takes each document.</param>
internal sealed class ChatDocuments(ChatPlace place, ChatState state, Action<DocumentChange> emit)
{
    // Calls of older lists, whose results come with a later entry.
    private readonly Dictionary<string, OpenCall> open = new(StringComparer.Ordinal);

    /// <summary>Puts a message with its parts, and removes parts that it has no more.</summary>
    public void Put(ChatMessage message, KnownMessage known)
    {
        int before = known.Parts;
        int parts = message.Role switch
        {
            ChatRole.User => User(message, known),
            ChatRole.Model => Reply(message, known),
            ChatRole.Snapshot => Snapshot(message, known),
            _ => Shown(message, known),
        };
        for (int gone = parts; gone < before; gone++)
            emit(SessionFormat.Removed(Kinds.Part, ChatPlace.PartKey(known.Key, gone)));
        known.Parts = parts;
        state.Parts += parts - before;
        state.MostParts = Math.Max(state.MostParts, parts);
    }

    /// <summary>Puts what stands for a record that is not known.</summary>
    public void Notice(KnownMessage known, string type, string? detail)
    {
        Message(known, "assistant", _ => { });
        Part(known, 0, "notice", json =>
        {
            json.WriteString("record", type);
            if (detail is not null) json.WriteString("detail", detail);
        });
        if (known.Parts == 0) state.Parts++;
        known.Parts = 1;
        state.MostParts = Math.Max(state.MostParts, 1);
    }

    /// <summary>Joins results with calls that came without.</summary>
    public void Results(ChatMessage message)
    {
        foreach (JsonElement response in message.Results)
        {
            if (response.Text("id") is not { } id || !open.Remove(id, out OpenCall? found)) continue;
            ToolCall call = ChatCalls.WithResponse(found.Call, response, found.Message.Created);
            Part(found.Message, found.Part, "tool", call.Write);
        }
    }

    private int User(ChatMessage message, KnownMessage known)
    {
        Message(known, "user", _ => { });
        int parts = 0;
        string text = message.ShownText;
        if (text.Length > 0) Part(known, parts++, "text", json => json.WriteString("text", text));
        foreach (Attachment file in message.Files) Part(known, parts++, "file", file.Write);
        return parts;
    }

    private int Snapshot(ChatMessage message, KnownMessage known)
    {
        Message(known, "assistant", _ => { });
        string text = message.Text;
        Part(known, 0, "compaction", json => json.WriteString("summary", text));
        return 1;
    }

    private int Shown(ChatMessage message, KnownMessage known)
    {
        (string type, string text) = (message.Type, message.Text);
        Message(known, "assistant", _ => { });
        Part(known, 0, "notice", json =>
        {
            json.WriteString("record", type);
            if (text.Length > 0) json.WriteString("detail", text);
        });
        return 1;
    }

    private int Reply(ChatMessage message, KnownMessage known)
    {
        var tokens = TokenCounts.Of(message.Json.Object("tokens"));
        if (tokens.IsNone) tokens = known.Tokens;
        state.Spent = state.Spent.Plus(known.Tokens, -1).Plus(tokens);
        known.Tokens = tokens;
        string? model = message.Json.Text("model");
        state.Model = model ?? state.Model;
        List<JsonElement> calls = [.. message.Calls];
        Message(known, "assistant", json =>
        {
            if (model is not null) json.WriteString("modelID", model);
            json.WriteString("providerID", "google");
            if (!tokens.IsNone) tokens.Write(json);
            json.WriteString("finish", calls.Count > 0 ? "tool-calls" : "stop");
        }, isOver: true);
        int parts = 0;
        foreach (string thought in message.Thoughts)
            Part(known, parts++, "reasoning", json => Thought(json, known, thought));
        string text = message.Text;
        if (text.Length > 0) Part(known, parts++, "text", json => json.WriteString("text", text));
        foreach (JsonElement call in calls)
        {
            ToolCall made = ChatCalls.Of(call, known.Created);
            if (made.Status == ToolCall.Running) open[made.CallId] = new OpenCall(made, known, parts);
            Part(known, parts++, "tool", made.Write);
            if (call.Text("agentId") is not { } agent) continue;
            JsonElement said = call;
            Part(known, parts++, "subagent", json => Subagent(json, agent, said, made.Status));
        }

        return parts;
    }

    private void Message(KnownMessage known, string role, Action<Utf8JsonWriter> write, bool isOver = false) =>
        emit(SessionFormat.Message(place.SessionId, known.Key, role, place.AgentSession, json =>
        {
            if (known.IsUndone) json.WriteBoolean("undone", true);
            if (known.Parent is not null) json.WriteString("parentID", known.Parent);
            json.WriteStartObject("time");
            json.WriteNumber("created", known.Created);
            if (isOver) json.WriteNumber("completed", known.Created);
            json.WriteEndObject();
            write(json);
        }));

    private void Part(KnownMessage known, int part, string type, Action<Utf8JsonWriter> write) =>
        emit(SessionFormat.Part(place.SessionId, known.Key, ChatPlace.PartKey(known.Key, part), type, json =>
        {
            if (known.IsUndone) json.WriteBoolean("undone", true);
            if (place.AgentSession is not null && type != "subagent")
                json.WriteString("agent_session", place.AgentSession);
            write(json);
        }));

    private static void Thought(Utf8JsonWriter json, KnownMessage known, string text)
    {
        json.WriteString("text", text);
        json.WriteStartObject("time");
        json.WriteNumber("start", known.Created);
        json.WriteNumber("end", known.Created);
        json.WriteEndObject();
    }

    private static void Subagent(Utf8JsonWriter json, string agent, JsonElement call, string status)
    {
        json.WriteString("agent_session", agent);
        if ((call.Text("args", "agent_name") ?? call.Text("name")) is { } name) json.WriteString("name", name);
        json.WriteString("status", status);
        string? prompt = call.Text("args", "prompt") ?? call.Text("args", "query");
        if (prompt is not null) json.WriteString("prompt", prompt);
        if (call.Text("resultDisplay", "result") is { } result) json.WriteString("result", result);
    }

    /// <summary>A call without a result, and its part.</summary>
    private sealed record OpenCall(ToolCall Call, KnownMessage Message, int Part);
}
