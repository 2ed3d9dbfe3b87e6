using System.Text.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>
/// Puts tool calls, joined with their results, and the parts that say where a subagent was started and how it went.
/// </summary>
/// <param name="session">The id of the session.</param>
/// <param name="state">Of the transcript.</param>
/// <param name="pass">Takes what is put.</param>
/// <param name="readAgain">Reads the line at an offset once more; the caller disposes it.</param>
internal sealed class TranscriptCalls(
    string session, TranscriptState state, TranscriptPass pass, Func<long, int, TranscriptLine> readAgain)
{
    private const string ShellPrefix = "shell-";

    /// <summary>Takes a call that the model made.</summary>
    public void Use(TranscriptDocuments documents, MessageState message, JsonElement use, TranscriptLine line)
    {
        string id = use.Text("id") is { Length: > 0 } given ? given : $"{message.Key}-{message.Parts}";
        string part = documents.NextPart(message);
        state.Add(new CallState
        {
            Id = id, Message = message.Key, Part = part, Offset = line.Offset, Length = line.Length,
            Start = line.Time,
            IsUndone = message.IsUndone, WasUndone = message.WasUndone,
        });
        if (pass.Tree?.IsAnswered(id) != true)
        {
            documents.Put(message.Key, part, "tool", (message.IsUndone, message.WasUndone), line.Offset,
                ToolMapping.OfUse(use, id, line.Time).Write);
        }

        string name = use.Text("name") ?? "";
        if (name is "Agent" or "Task") Start(documents, message, use, id, line);
        if (name == "TodoWrite" && documents.Lane == state.Lane(TranscriptState.MainLane) && !message.IsUndone)
            state.Todos = new TodoState(id, line.Offset, line.Length);
    }

    /// <summary>Takes a result; puts one without a call into a message of its own.</summary>
    /// <param name="documents">Of the line.</param>
    /// <param name="result">The block.</param>
    /// <param name="details">What the line says beside the block; null for nothing.</param>
    /// <param name="line">Where it is.</param>
    public void Result(
        TranscriptDocuments documents, JsonElement result, JsonElement? details, TranscriptLine line)
    {
        string id = result.Text("tool_use_id") ?? "";
        int at = state.Calls.FindLastIndex(call => call.Id == id);
        if (at < 0)
        {
            Orphan(documents, result, details, id, line);
            return;
        }

        CallState open = state.Calls[at];
        state.Calls.RemoveAt(at);
        using TranscriptLine asked = readAgain(open.Offset, open.Length);
        ToolCall call = BlockOf(asked, id) is { } use
            ? ToolMapping.OfUse(use, id, open.Start) : new ToolCall { CallId = id, Name = "tool" };
        call = ToolMapping.WithResult(call, result, details, line.Time, pass.Outputs);
        documents.Put(
            open.Message, open.Part, "tool", (open.IsUndone, open.WasUndone), line.Offset, call.Write);
        if (state.Starts.FindLast(start => start.Call == id) is not { } started) return;
        bool isInBackground = details?.Text("status") is "async_launched" or "async";
        started.Agent ??= details?.Text("agentId") ?? pass.Agents.GetValueOrDefault(id);
        started.Status = isInBackground ? ToolCall.Running : call.Status;
        Put(documents, started, isInBackground ? null : call.Error ?? call.Output, line.Offset);
    }

    /// <summary>Takes a command of the user's shell.</summary>
    public void Shell(TranscriptDocuments documents, MessageState message, string command, TranscriptLine line)
    {
        string id = $"{ShellPrefix}{message.Key}";
        string part = documents.NextPart(message);
        state.Add(new CallState
        {
            Id = id, Message = message.Key, Part = part, Offset = line.Offset, Length = line.Length,
            Start = line.Time,
            IsUndone = message.IsUndone, WasUndone = message.WasUndone,
        });
        documents.Put(message.Key, part, "tool", (message.IsUndone, message.WasUndone), line.Offset,
            ToolMapping.OfShell(command, id, line.Time).Write);
    }

    /// <summary>Takes the output of the newest such command; returns false if there is none.</summary>
    public bool ShellOutput(TranscriptDocuments documents, string text, TranscriptLine line)
    {
        int at = state.Calls.FindLastIndex(call => call.Id.StartsWith(ShellPrefix, StringComparison.Ordinal));
        if (at < 0) return false;
        CallState open = state.Calls[at];
        state.Calls.RemoveAt(at);
        using TranscriptLine asked = readAgain(open.Offset, open.Length);
        string command = ToolMapping.WithoutTags(TranscriptLine.TextOf(asked.Message), "bash-input");
        string output = $"{ToolMapping.Tagged(text, "bash-stdout")}{ToolMapping.Tagged(text, "bash-stderr")}";
        ToolCall call = ToolMapping.OfShell(command, open.Id, open.Start) with
        {
            Status = ToolCall.Completed, Output = ToolMapping.Cut(output), End = line.Time,
        };
        documents.Put(open.Message, open.Part, "tool", (open.IsUndone, open.WasUndone), line.Offset, call.Write);
        return true;
    }

    /// <summary>Takes the report of a background task; returns false if it is of no known subagent.</summary>
    public bool Report(TranscriptDocuments documents, string text, TranscriptLine line)
    {
        string? task = ToolMapping.Tagged(text, "task-id");
        string? call = ToolMapping.Tagged(text, "tool-use-id");
        StartState? start = state.Starts.FindLast(one =>
            (task is not null && one.Agent == task) || (call is not null && one.Call == call));
        if (start is null) return false;
        start.Status = StatusOf(text);
        Put(documents, start, ReportOf(text), line.Offset);
        return true;
    }

    /// <summary>Puts the report of something that was started elsewhere.</summary>
    public static void Report(TranscriptDocuments documents, MessageState message, string text, TranscriptLine line) =>
        documents.Add(message, "subagent", line.Offset, json =>
        {
            if (ToolMapping.Tagged(text, "task-id") is { } task) json.WriteString("agent_session", task);
            json.WriteString("status", StatusOf(text));
            json.WriteString("result", ReportOf(text));
        });

    /// <summary>Says of a subagent that has a conversation in the same file, where it was started.</summary>
    public void Join(TranscriptDocuments documents, string agent, string prompt, TranscriptLine line)
    {
        ulong digest = TranscriptLine.Hash(prompt);
        StartState? start = state.Starts.Find(one =>
            one.Agent == agent || (one.Agent is null && one.Prompt == digest));
        if (start is null || start.Agent is not null) return;
        start.Agent = agent;
        Put(documents, start, null, line.Offset);
    }

    /// <summary>Says of subagents that have files of their own, where they were started.</summary>
    public void Join(TranscriptDocuments documents)
    {
        foreach (StartState start in state.Starts.Where(one => one.Agent is null))
        {
            if (!pass.Agents.TryGetValue(start.Call, out string? agent)) continue;
            start.Agent = agent;
            if (start.Status == ToolCall.Running) Put(documents, start, null, long.MaxValue);
        }
    }

    /// <summary>Puts the newest to-do list of the conversation.</summary>
    public void PutTodos()
    {
        string now = $"{state.Todos?.Offset}";
        if (now == state.TodosWritten) return;
        state.TodosWritten = now;
        if (state.Todos is not { } todos)
        {
            pass.Emit(SessionFormat.Removed(Kinds.Todo, session));
            return;
        }

        using TranscriptLine line = readAgain(todos.Offset, todos.Length);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartArray();
            foreach (JsonElement todo in BlockOf(line, todos.Call)?.Items("input", "todos") ?? [])
            {
                json.WriteStartObject();
                json.WriteString("content", todo.Text("content") ?? "");
                json.WriteString("status", todo.Text("status") ?? "pending");
                json.WriteString("priority", todo.Text("priority") ?? "medium");
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        pass.Emit(new DocumentChange(Kinds.Todo, session, new Protocol.Json.RawJson(stream.ToArray())));
    }

    private static string StatusOf(string text) => ToolMapping.Tagged(text, "status") switch
    {
        "failed" or "error" or "killed" => ToolCall.Failed,
        "running" => ToolCall.Running,
        _ => ToolCall.Completed,
    };

    private static string ReportOf(string text) => ToolMapping.Cut(
        ToolMapping.Tagged(text, "result") ?? ToolMapping.Tagged(text, "summary")
            ?? ToolMapping.WithoutTags(text, "task-notification"));

    private static JsonElement? BlockOf(TranscriptLine line, string id)
    {
        foreach (JsonElement block in line.Message?.Items("content") ?? [])
            if (block.Text("id") == id) return block;
        return null;
    }

    private void Orphan(
        TranscriptDocuments documents, JsonElement result, JsonElement? details, string id, TranscriptLine line)
    {
        MessageState message = documents.Begin(TranscriptLine.Hash($"{line.Node}:{id}"), line.Time);
        documents.Put(message, "system", line.Time, line.Offset);
        var call = new ToolCall { CallId = id, Name = "tool" };
        documents.Add(message, "tool", line.Offset,
            ToolMapping.WithResult(call, result, details, line.Time, pass.Outputs).Write);
    }

    private void Start(
        TranscriptDocuments documents, MessageState message, JsonElement use, string id, TranscriptLine line)
    {
        var start = new StartState
        {
            Call = id, Message = message.Key, Part = documents.NextPart(message), Offset = line.Offset,
            Length = line.Length, Prompt = TranscriptLine.Hash(use.Text("input", "prompt") ?? ""),
            IsUndone = message.IsUndone, WasUndone = message.WasUndone, Agent = pass.Agents.GetValueOrDefault(id),
        };
        state.Add(start);
        Put(documents, start, use, null, line.Offset);
    }

    private void Put(TranscriptDocuments documents, StartState start, string? result, long offset)
    {
        using TranscriptLine line = readAgain(start.Offset, start.Length);
        Put(documents, start, BlockOf(line, start.Call) ?? default, result, offset);
    }

    private static void Put(
        TranscriptDocuments documents, StartState start, JsonElement use, string? result, long offset) =>
        documents.Put(start.Message, start.Part, "subagent", (start.IsUndone, start.WasUndone), offset, json =>
        {
            if (start.Agent is not null) json.WriteString("agent_session", start.Agent);
            JsonElement input = use.Find("input") ?? default;
            json.WriteString("name", input.Text("subagent_type") ?? "general-purpose");
            json.WriteString("status", start.Status);
            if (input.Text("description") is { } description) json.WriteString("description", description);
            if (input.Text("prompt") is { } prompt) json.WriteString("prompt", ToolMapping.Cut(prompt));
            if (result is not null) json.WriteString("result", result);
        });
}
