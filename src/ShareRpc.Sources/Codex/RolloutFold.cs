using System.Text.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>
/// Turns the lines of one rollout file into documents, in both generations: <c>legacy</c>, where a text is there as an
/// event and as an item, and <c>paginated</c>, where completed items say it and the calls of tools are items of the
/// model. Each is counted once.
/// </summary>
internal sealed class RolloutFold
{
    private readonly RolloutState state;
    private readonly RolloutDocuments documents;
    private readonly RolloutCalls calls;
    private readonly RolloutTexts texts;
    private readonly RolloutSubagents subagents;
    private long offset;

    /// <summary>Initializes the object.</summary>
    /// <param name="place">Whose documents.</param>
    /// <param name="state">Of the file; changed.</param>
    /// <param name="emit">Takes each document.</param>
    /// <param name="readAgain">Reads the record at an offset once more.</param>
    public RolloutFold(
        RolloutPlace place, RolloutState state, Action<DocumentChange> emit, Func<long, JsonDocument?> readAgain)
    {
        this.state = state;
        documents = new RolloutDocuments(place, state, emit);
        calls = new RolloutCalls(state, documents, readAgain);
        texts = new RolloutTexts(state, documents, readAgain) { UserSpeaks = UserSpeaks };
        subagents = new RolloutSubagents(state, documents, calls, readAgain);
    }

    /// <summary>Called with the type of each record that is not known.</summary>
    public Action<string>? Unknown { get; init; }

    /// <summary>Called when a rollback takes back a number of the user's messages.</summary>
    public Action<int>? RolledBack { get; init; }

    /// <summary>Called with the line of each message of the user.</summary>
    public Action<int>? UserSpoke { get; init; }

    /// <summary>Takes a line that begins at an offset.</summary>
    public void Add(FileLine line, long start)
    {
        offset = start;
        documents.BeginLine();
        if (line.IsTooLong) Notice("line too long");
        else if (!line.Utf8.Span.Trim(" \t\r\0"u8).IsEmpty) Add(line.Utf8);
        state.Line++;
    }

    private void Add(ReadOnlyMemory<byte> utf8)
    {
        using JsonDocument? record = RecordFields.Parse(utf8);
        if (record is null)
        {
            Notice("not JSON");
            return;
        }

        JsonElement root = record.RootElement;
        state.Time = Math.Max(state.Time, root.Time("timestamp") ?? 0);
        if (state.Created == 0) state.Created = state.Time;
        if (root.Object("payload") is { } payload) Add(root, root.Text("type") ?? "", payload);
        else if (root.Find("type") is not null) Item(root, root); // before 2025-09: items without an envelope
    }

    private void Add(JsonElement root, string type, JsonElement payload)
    {
        switch (type)
        {
            case "response_item":
                Item(root, payload);
                break;
            case "event_msg":
                Event(payload);
                break;
            case "session_meta":
                // The first is the file's; a copy of another thread's lines brings that one's.
                if (state.Line == 0) state.IsPaginated = payload.Text("history_mode") == "paginated";
                state.Provider ??= payload.Text("model_provider");
                break;
            case "turn_context":
                state.Model = payload.Text("model") ?? state.Model;
                break;
            case "token_usage_record":
                state.HasUsageRecords = true;
                if (payload.Object("usage") is { } usage) Spend(Usage.Of(usage));
                break;
            case "compacted":
                AnswerState answer = state.Answer is { Parts: 0 } empty ? empty : documents.Answer();
                documents.Add(answer, "compaction", json => json.WriteString("summary", payload.Text("message") ?? ""));
                documents.Close();
                break;
            case "world_state" or "inter_agent_communication_metadata" or "thread_settings_applied" or "state":
                break;
            default:
                Notice(type);
                break;
        }
    }

    private void Item(JsonElement root, JsonElement item)
    {
        switch (item.Text("type") ?? (item.Text("role") is null ? "" : "message"))
        {
            case "message":
                texts.Message(root, item, offset);
                break;
            case "reasoning":
                texts.Reasoning(item);
                break;
            case "function_call" or "custom_tool_call" or "local_shell_call" or "tool_search_call":
                calls.Call(item, offset);
                break;
            case "function_call_output" or "custom_tool_call_output" or "tool_search_output":
                subagents.Output(item);
                calls.Output(item);
                break;
            case "web_search_call" or "image_generation_call":
                calls.Whole(item);
                break;
            case "agent_message":
                string said = string.Join('\n', item.TextsOfItems("content"));
                if (said.Length > 0) documents.Add("text", json => OtherAgent(json, item.Text("author"), said));
                break;
            case "ghost_snapshot" or "compaction" or "compaction_summary" or "compaction_trigger"
                or "context_compaction":
                break;
            default:
                Notice(item.Text("type") ?? "item");
                break;
        }
    }

    private void Event(JsonElement payload)
    {
        string type = payload.Text("type") ?? "event";
        switch (type)
        {
            case "item_completed":
                if (payload.Object("item") is { } item) Completed(item, payload);
                break;
            case "user_message":
                texts.Event('u', payload);
                break;
            case "agent_message":
                texts.Event('a', payload);
                break;
            case "agent_reasoning" or "agent_reasoning_raw_content":
                texts.Event('r', payload);
                break;
            case "token_count":
                TokenCount(payload);
                break;
            case "task_started" or "turn_started":
                BeginTurn(payload.Text("turn_id"));
                break;
            case "task_complete" or "turn_complete":
                bool isFailed = payload.Find("error") is not null;
                EndTurn(payload.Text("turn_id"), isFailed ? TurnStates.Failed : TurnStates.Completed,
                    payload.Text("error", "message"));
                break;
            case "turn_aborted":
                EndTurn(payload.Text("turn_id"), TurnStates.Aborted, payload.Text("reason"));
                break;
            case "thread_rolled_back":
                EndTurn(null, TurnStates.Aborted, null);
                RolledBack?.Invoke((int)Math.Clamp(payload.Number("num_turns") ?? 0, 0, int.MaxValue));
                break;
            case "thread_name_updated":
                state.Title = payload.Text("thread_name") ?? state.Title;
                break;
            case "exec_command_end" or "patch_apply_end" or "mcp_tool_call_end":
                calls.Item(payload, state.Time, state.Time);
                break;
            case "web_search_end":
                calls.Whole(payload);
                break;
            case "error" or "stream_error":
                documents.Add("retry", json => Failure(json, type, payload.Text("message")));
                break;
            default:
                if (!KnownEvents.Names.Contains(type)) Notice(type);
                break;
        }
    }

    private void Completed(JsonElement item, JsonElement envelope)
    {
        string type = item.Text("type") ?? "";
        switch (type)
        {
            case "Plan":
                if (state.TakeId(item.Text("id")))
                    documents.Add("plan", json => json.WriteString("text", item.Text("text") ?? ""));
                break;
            case "SubAgentActivity" or "CollabAgentToolCall":
                subagents.Item(item, offset);
                break;
            case "WebSearch":
                calls.Whole(item);
                break;
            case "ContextCompaction" or "HookPrompt" or "EnteredReviewMode" or "ExitedReviewMode" or "Sleep":
                break;
            case "UserMessage" or "AgentMessage" or "Reasoning":
                texts.Completed(item);
                break;
            default:
                long start = envelope.Number("started_at_ms") ?? state.Time;
                long end = envelope.Number("completed_at_ms") ?? state.Time;
                if (!calls.Item(item, start, end) && type != "ImageView") Notice(type);
                break;
        }
    }

    private void TokenCount(JsonElement payload)
    {
        if (state.HasUsageRecords || payload.Object("info") is not { } info) return;
        long total = info.Number("total_token_usage", "total_tokens") ?? 0;
        if (total == state.LastTotal) return;
        state.LastTotal = total;
        if (info.Object("last_token_usage") is { } last) Spend(Usage.Of(last));
    }

    /// <summary>Gives a reply what it took, and ends it.</summary>
    private void Spend(Usage usage)
    {
        AnswerState answer = documents.Answer();
        answer.Usage = (answer.Usage ?? new Usage()).Plus(usage);
        answer.Completed = state.Time;
        answer.IsClosed = true;
        state.Spent = state.Spent.Plus(usage);
        documents.Put(answer);
    }

    /// <summary>Begins a turn where older versions write no event of it.</summary>
    private void UserSpeaks()
    {
        UserSpoke?.Invoke(state.Line);
        if (!state.IsTurnOpen || state.TurnId is null) BeginTurn(null);
    }

    private void BeginTurn(string? id)
    {
        // One that was killed has no end.
        EndTurn(null, state.TurnId is null ? TurnStates.Completed : TurnStates.Aborted, null);
        documents.Close();
        (state.TurnId, state.TurnKey, state.IsTurnOpen) = (id, null, true);
    }

    private void EndTurn(string? id, string turnState, string? reason)
    {
        if (!state.IsTurnOpen || (id is not null && state.TurnId is not null && id != state.TurnId)) return;
        (state.Outcome, state.OutcomeAt) = (turnState, offset);
        bool isAnswered = state.Answer is { } last && last.Parent == state.User && last.Parent is not null;
        if (turnState == TurnStates.Failed || (turnState == TurnStates.Aborted && reason is not null && isAnswered))
        {
            AnswerState answer = isAnswered ? state.Answer! : documents.Answer();
            answer.Error = turnState == TurnStates.Failed ? "APIError" : "MessageAbortedError";
            answer.ErrorText = reason;
            documents.Put(answer);
        }

        documents.Close();
        documents.Turn(state.TurnKey, turnState);
        state.EndTurn();
    }

    /// <summary>Puts how a subagent went, where it was started.</summary>
    public void PutSubagent(string thread, string? status, string? result) => subagents.Put(thread, status, result);

    /// <summary>Puts the state of the turn that goes on, when the file is read to its end.</summary>
    public void PutOpenTurn()
    {
        if (state.IsTurnOpen && state.TurnId is not null) documents.Turn(state.TurnKey, TurnStates.Streaming);
    }

    /// <summary>What other agents say is, as all of a subagent's, a tool's input or output.</summary>
    private void OtherAgent(Utf8JsonWriter json, string? author, string text)
    {
        if (!documents.IsOfSubagent) json.WriteString("agent_session", author ?? "agent");
        json.WriteString("text", text);
        json.WriteBoolean("synthetic", true);
    }

    private static void Failure(Utf8JsonWriter json, string name, string? message)
    {
        json.WriteStartObject("error");
        json.WriteString("name", name);
        json.WriteStartObject("data");
        json.WriteString("message", message ?? "");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void Notice(string type)
    {
        Unknown?.Invoke(type);
        documents.Notice(type);
    }
}
