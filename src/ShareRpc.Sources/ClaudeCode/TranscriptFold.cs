using System.Text.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>Makes the documents of a transcript, line by line.</summary>
/// <param name="session">The id of the session.</param>
/// <param name="agent">The subagent whose file it is; null for the session's own.</param>
/// <param name="state">Of the transcript; moved on by each line.</param>
/// <param name="pass">How it is read.</param>
/// <param name="readAgain">Reads the line at an offset once more.</param>
internal sealed class TranscriptFold(
    string session, string? agent, TranscriptState state, TranscriptPass pass,
    Func<long, int, TranscriptLine> readAgain)
{
    private const int MostNoticed = 100;

    private readonly TranscriptCalls calls = new(session, state, pass, readAgain);
    private readonly TranscriptDocuments main =
        new(session, agent, state, state.Lane(TranscriptState.MainLane), pass);
    private int nodes;
    private TranscriptDocuments documents = null!;

    /// <summary>Returns whether a line belongs to the file's own conversation.</summary>
    public static bool IsMain(TranscriptLine line, string? agent) => agent is not null || !line.IsSidechain;

    /// <summary>
    /// Takes a line. Returns false, without side effects, if it may undo something: the file is to be read again.
    /// </summary>
    public bool Add(TranscriptLine line)
    {
        bool isMain = line.Node == 0 || IsMain(line, agent);
        if (pass.Tree is null && isMain && line.Node != 0 && !state.Leaf.IsContinuedBy(line)) return false;
        if (isMain) BeginMain(line);
        else BeginSide(line);
        if (agent is null && isMain) state.Facts.Take(line);
        Take(line);
        return true;
    }

    /// <summary>Puts what is to be said at the end of the file as it is now.</summary>
    public void End()
    {
        documents = main;
        calls.Join(main);
        if (agent is null) calls.PutTodos();
        PutTurn();
    }

    private void BeginMain(TranscriptLine line)
    {
        documents = main;
        documents.Undone = (pass.IsUndone, pass.IsUndone);
        if (line.Node == 0) return;
        bool isLost = false;
        if (pass.Tree is { } tree)
        {
            documents.Undone = (pass.IsUndone || tree.IsUndone(nodes), tree.WasUndone(nodes));
            isLost = tree.IsLost(nodes);
            nodes++;
        }

        state.Leaf.Take(line, isLost);
        if (isLost) Lost(line);
    }

    /// <summary>Says once that the conversation goes on from a line that is not in the file.</summary>
    private void Lost(TranscriptLine line)
    {
        if (state.LostParents++ > 0) return;
        MessageState message = Begin(line, id: 0);
        documents.Put(message, "system", line.Time, line.Offset);
        documents.Add(message, "notice", line.Offset, json => json.WriteString("record", "lost_parent"));
    }

    /// <summary>Finds the lane of a subagent that has its conversation in the same file.</summary>
    private void BeginSide(TranscriptLine line)
    {
        string? lane = (line.Root.Text("agentId") is { Length: > 0 } given ? given : null)
            ?? state.Sides.FindLast(side => side.Node == line.Parent)?.Lane
            ?? (line.Parent == 0 ? null : state.Sides.LastOrDefault()?.Lane);
        bool isNew = lane is null;
        lane = SafeName(lane ?? $"side-{line.Node:x16}");
        state.Add(new SideNode(line.Node, lane));
        documents = new TranscriptDocuments(session, lane, state, state.Lane(lane), pass);
        if (isNew || documents.Lane.Count == 0)
            calls.Join(documents, lane, TranscriptLine.TextOf(line.Message), line);
        documents.Undone = state.Starts.Find(start => start.Agent == lane) is { } start
            ? (start.IsUndone, start.WasUndone) : (pass.IsUndone, pass.IsUndone);
    }

    /// <summary>Returns a name that may stand in a key.</summary>
    public static string SafeName(string name) =>
        name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? name : $"agent-{TranscriptLine.Hash(name):x16}";

    private void Take(TranscriptLine line)
    {
        switch (line.Kind)
        {
            case LineKind.Answer: Answer(line); break;
            case LineKind.Prompt: Ask(line, line.Message!.Value); break;
            case LineKind.Command: Command(line); break;
            case LineKind.CommandOutput: CommandOutput(line); break;
            case LineKind.Shell: Shell(line); break;
            case LineKind.ShellOutput: ShellOutput(line); break;
            case LineKind.Results: Results(line); break;
            case LineKind.Note: Note(line, TranscriptLine.TextOf(line.Message)); break;
            case LineKind.Interrupt: Interrupt(line); break;
            case LineKind.Queued: Queued(line); break;
            case LineKind.File: FileGiven(line); break;
            case LineKind.Boundary: Boundary(line); break;
            case LineKind.Summary: Summary(line); break;
            case LineKind.Retry: Retry(line); break;
            case LineKind.Unknown: Unknown(line); break;
            default: break;
        }
    }

    private void Answer(TranscriptLine line)
    {
        JsonElement said = line.Message!.Value;
        ulong id = said.Text("id") is { Length: > 0 } given ? TranscriptLine.Hash(given) : line.Node;
        MessageState? message = documents.Lane.Recent.FindLast(one => one.Id == id && id != 0);
        message ??= Begin(line, id);
        var spent = Usage.Of(said.Object("usage"));
        state.Facts.Spent += spent - message.Spent;
        message.Spent = spent;
        string? model = said.Text("model");
        bool isOfProgram = model == "<synthetic>";
        bool isError = line.Root.IsTrue("isApiErrorMessage");
        if (!isOfProgram && documents == main) state.Facts.Model = model ?? state.Facts.Model;
        string text = isError ? TranscriptLine.TextOf(said) : "";
        documents.Put(message, "assistant", line.Time, line.Offset, json =>
        {
            if (model is not null && !isOfProgram) json.WriteString("modelID", model);
            if (FinishOf(said.Text("stop_reason")) is { } finish) json.WriteString("finish", finish);
            spent.WriteTo(json);
            if (isError) Error(json, line.Root.Text("error") ?? "APIError", text);
        });
        if (said.Text("content") is { } plain) Text(message, plain, isOfProgram, line);
        foreach (JsonElement block in isError ? [] : said.Items("content")) Block(message, block, isOfProgram, line);
        if (documents == main) state.Turn.Answered(said.Text("stop_reason"), isOfProgram, isError);
    }

    private static string? FinishOf(string? reason) => reason switch
    {
        "tool_use" => "tool-calls",
        "end_turn" or "stop_sequence" => "stop",
        "max_tokens" => "length",
        _ => reason,
    };

    private static void Error(Utf8JsonWriter json, string name, string message)
    {
        json.WriteStartObject("error");
        json.WriteString("name", name);
        json.WriteStartObject("data");
        json.WriteString("message", message);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void Block(MessageState message, JsonElement block, bool isOfProgram, TranscriptLine line)
    {
        string type = block.Text("type") ?? "";
        if (type == "text")
        {
            Text(message, block.Text("text") ?? "", isOfProgram, line);
        }
        else if (type is "thinking" or "redacted_thinking")
        {
            documents.Add(message, "reasoning", line.Offset, json =>
            {
                json.WriteString("text", ToolMapping.Cut(block.Text("thinking") ?? ""));
                json.WriteStartObject("time");
                json.WriteNumber("start", Math.Max(0, line.Time - (line.Root.Number("thinkingDurationMs") ?? 0)));
                json.WriteNumber("end", line.Time);
                json.WriteEndObject();
            });
        }
        else if (type is "tool_use" or "server_tool_use" or "mcp_tool_use")
        {
            calls.Use(documents, message, block, line);
        }
        else if (type.EndsWith("_tool_result", StringComparison.Ordinal))
        {
            calls.Result(documents, block, null, line);
        }
        else if (ToolMapping.FileOf(block) is { } file)
        {
            documents.Add(message, "file", line.Offset, file.Write);
        }
        else
        {
            Notice(message, $"{line.Root.Text("type")}/{type}", line);
        }
    }

    private void Text(MessageState message, string text, bool isOfProgram, TranscriptLine line)
    {
        if (isOfProgram) documents.AddSynthetic(message, text, line.Offset);
        else documents.Add(message, "text", line.Offset, json => json.WriteString("text", ToolMapping.Cut(text)));
    }

    /// <summary>Takes what the user said: a prompt, or one that was sent while the agent worked.</summary>
    private void Ask(TranscriptLine line, JsonElement said, string content = "content", bool isTurn = true)
    {
        MessageState message = Begin(line, line.Node);
        documents.Lane.Asked = message.Key;
        documents.Put(message, "user", 0, line.Offset);
        if (said.Text(content) is { } plain) Text(message, plain, isOfProgram: false, line);
        foreach (JsonElement block in said.Items(content)) Block(message, block, isOfProgram: false, line);
        if (documents != main) return;
        if (isTurn) BeginTurn(message.Key, TurnStates.Streaming, line);
        string text = said.Text(content) ?? TranscriptLine.TextOf(said);
        if (state.Facts.FirstPrompt is null && text.Length > 0) state.Facts.FirstPrompt = FactState.TitleOf(text);
    }

    private void Command(TranscriptLine line)
    {
        string text = TranscriptLine.TextOf(line.Message);
        string name = ToolMapping.Tagged(text, "command-name") ?? $"/{ToolMapping.Tagged(text, "command-message")}";
        MessageState message = Begin(line, line.Node, isCommand: true);
        documents.Lane.Asked = message.Key;
        documents.Put(message, "user", 0, line.Offset);
        Text(message, $"{name} {ToolMapping.Tagged(text, "command-args")}".Trim(), isOfProgram: false, line);
        if (documents == main) BeginTurn(message.Key, null, line);
    }

    private void CommandOutput(TranscriptLine line)
    {
        string text = line.Root.Text("content") ?? TranscriptLine.TextOf(line.Message);
        text = ToolMapping.WithoutTags(ToolMapping.WithoutTags(text, "local-command-stdout"), "local-command-stderr");
        if (documents.Lane.Last is { IsCommand: true } command) documents.AddSynthetic(command, text, line.Offset);
        else Note(line, text);
    }

    private void Shell(TranscriptLine line)
    {
        MessageState message = Begin(line, line.Node);
        documents.Put(message, "user", 0, line.Offset);
        string command = ToolMapping.WithoutTags(TranscriptLine.TextOf(line.Message), "bash-input");
        calls.Shell(documents, message, command, line);
    }

    private void ShellOutput(TranscriptLine line)
    {
        string text = TranscriptLine.TextOf(line.Message);
        if (!calls.ShellOutput(documents, text, line)) Note(line, text);
    }

    private void Results(TranscriptLine line)
    {
        List<JsonElement> blocks = [.. line.Message!.Value.Items("content")];
        int results = blocks.Count(block => block.Text("type") == "tool_result");
        JsonElement? details = results == 1 ? line.Root.Object("toolUseResult") : null;
        foreach (JsonElement block in blocks.Where(block => block.Text("type") == "tool_result"))
            calls.Result(documents, block, details, line);
        List<JsonElement> others = [.. blocks.Where(block => block.Text("type") != "tool_result")];
        if (others.Count == 0) return;
        MessageState message = Begin(line, line.Node);
        documents.Put(message, "system", line.Time, line.Offset);
        foreach (JsonElement block in others) Block(message, block, isOfProgram: true, line);
    }

    private void Note(TranscriptLine line, string text)
    {
        MessageState message = Begin(line, line.Node);
        documents.Put(message, "system", line.Time, line.Offset);
        documents.AddSynthetic(message, text, line.Offset);
        foreach (JsonElement block in line.Message?.Items("content") ?? [])
            if (block.Text("type") != "text") Block(message, block, isOfProgram: true, line);
    }

    private void Interrupt(TranscriptLine line)
    {
        Note(line, TranscriptLine.TextOf(line.Message));
        if (documents == main) state.Turn.End(TurnStates.Aborted);
    }

    private void Queued(TranscriptLine line)
    {
        JsonElement said = line.Root.Object("attachment") ?? line.Message ?? default;
        string content = line.Root.Object("attachment") is null ? "content" : "prompt";
        string text = said.Text(content)
            ?? string.Join("\n", said.Items(content).Select(block => block.Text("text")).OfType<string>());
        if (!text.AsSpan().TrimStart().StartsWith("<task-notification>", StringComparison.Ordinal))
        {
            Ask(line, said, content, isTurn: false);
        }
        else if (!calls.Report(documents, text, line))
        {
            MessageState message = Begin(line, line.Node);
            documents.Put(message, "system", line.Time, line.Offset);
            TranscriptCalls.Report(documents, message, text, line);
        }
    }

    /// <summary>Names a file that was given; its content is the tool's that reads it.</summary>
    private void FileGiven(TranscriptLine line)
    {
        string? name = line.Root.Text("attachment", "displayPath") ?? line.Root.Text("attachment", "filename");
        MessageState? message = documents.Lane.Last;
        if (message is null || (message.IsUndone, message.WasUndone) != documents.Undone)
        {
            message = Begin(line, line.Node);
            documents.Put(message, "system", line.Time, line.Offset);
        }

        documents.Add(message, "file", line.Offset, new Attachment("text/plain", null, name).Write);
    }

    private void Boundary(TranscriptLine line)
    {
        MessageState message = Begin(line, line.Node);
        documents.Put(message, "system", line.Time, line.Offset);
        bool isAutomatic = line.Root.Text("compactMetadata", "trigger") == "auto";
        var boundary = new BoundaryState(message.Key, documents.NextPart(message), isAutomatic, message.IsUndone)
        {
            WasUndone = message.WasUndone,
        };
        if (documents == main) state.Boundary = boundary;
        PutBoundary(boundary, null, line);
    }

    private void Summary(TranscriptLine line)
    {
        if (state.Boundary is null || documents != main) Boundary(line);
        if (state.Boundary is not { } boundary) return;
        state.Boundary = null;
        PutBoundary(boundary, TranscriptLine.TextOf(line.Message), line);
    }

    private void PutBoundary(BoundaryState boundary, string? text, TranscriptLine line) => documents.Put(
        boundary.Message, boundary.Part, "compaction", (boundary.IsUndone, boundary.WasUndone), line.Offset, json =>
        {
            json.WriteBoolean("auto", boundary.IsAutomatic);
            if (text is not null) json.WriteString("text", ToolMapping.Cut(text));
        });

    private void Retry(TranscriptLine line)
    {
        MessageState message = Begin(line, line.Node);
        documents.Put(message, "system", line.Time, line.Offset);
        JsonElement root = line.Root;
        documents.Add(message, "retry", line.Offset, json =>
        {
            if (root.Number("retryAttempt") is { } attempt) json.WriteNumber("attempt", attempt);
            Error(json, "APIError", root.Text("error", "formatted") ?? root.Text("error", "message") ?? "");
            json.WriteStartObject("time");
            json.WriteNumber("created", line.Time);
            json.WriteEndObject();
        });
    }

    /// <summary>Puts one notice for each type: bookkeeping of a newer version is repeated in each step.</summary>
    private void Unknown(TranscriptLine line)
    {
        if (state.Noticed.Contains(line.Name) || state.Noticed.Count >= MostNoticed)
        {
            pass.Unknown(line.Name);
            return;
        }

        MessageState message = Begin(line, line.Node);
        documents.Put(message, "system", line.Time, line.Offset);
        Notice(message, line.Name, line);
    }

    private void Notice(MessageState message, string name, TranscriptLine line)
    {
        pass.Unknown(name);
        if (state.Noticed.Count >= MostNoticed || !state.Noticed.Add(name)) return;
        documents.Add(message, "notice", line.Offset, json => json.WriteString("record", FactState.TitleOf(name)));
    }

    private MessageState Begin(TranscriptLine line, ulong id, bool isCommand = false) =>
        documents.Begin(id, line.Time, isCommand);

    private void BeginTurn(string key, string? now, TranscriptLine line)
    {
        if (state.Turn.Close(hasCalls: state.Calls.Count > 0)
            && pass.Wants(isUndone: false, wasUndone: false, line.Offset)) PutTurn();
        state.Turn.Begin(key, now);
    }

    private void PutTurn()
    {
        if (agent is not null || state.Turn is not { Key: { } key, State: { } now }) return;
        string written = $"{key} {now}";
        bool isOfFormer = string.CompareOrdinal(key, TranscriptDocuments.MessageKey(null, state.Turn.From)) <= 0;
        if (state.Turn.Written == written || isOfFormer) return;
        state.Turn.Written = written;
        pass.Emit(SessionFormat.Turn(key, now));
    }
}
