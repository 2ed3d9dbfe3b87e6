using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>Notes where subagents were started, and says there how they went.</summary>
/// <param name="state">Of the file.</param>
/// <param name="documents">Takes the parts.</param>
/// <param name="calls">The calls that start them.</param>
/// <param name="readAgain">Reads the record at an offset once more.</param>
internal sealed class RolloutSubagents(
    RolloutState state, RolloutDocuments documents, RolloutCalls calls, Func<long, JsonDocument?> readAgain)
{
    /// <summary>Takes a completed item about other agents.</summary>
    public void Item(JsonElement item, long offset)
    {
        if (item.Text("type") == "SubAgentActivity")
        {
            if (item.Text("agent_thread_id") is { } started && item.Text("kind") == "started")
                Note(started, item.Text("agent_path") ?? item.Text("agent_nickname"), offset, item.Text("id"));
            return;
        }

        if (item.Text("tool") is not ("spawn_agent" or "spawnAgent")) return;
        foreach (string thread in item.Texts("receiver_thread_ids"))
        {
            JsonElement agent = item.Items("receiver_agents").FirstOrDefault(one => one.Text("thread_id") == thread);
            Note(thread, agent.Text("agent_nickname"), offset, item.Text("id"));
        }
    }

    /// <summary>Takes a subagent's thread from the output of the call that started it.</summary>
    public void Output(JsonElement item)
    {
        if (item.Text("call_id") is not { } id || calls.StateOf(id) is not { } call) return;
        using JsonDocument? output = RecordFields.Parse(item.Text("output"));
        if (output?.RootElement.Text("agent_id") is { } thread)
            Note(thread, output.RootElement.Text("nickname"), call.Offset, id);
    }

    /// <summary>Puts the part that names a subagent, with how it went.</summary>
    public void Put(string thread, string? status, string? result)
    {
        if (!state.Spawned.TryGetValue(thread, out SpawnState? spawn)) return;
        string? prompt = PromptAt(spawn.Offset);
        documents.Part(spawn.Message, spawn.Part, "subagent", json =>
        {
            json.WriteString("agent_session", thread);
            if (spawn.Name is not null) json.WriteString("name", spawn.Name);
            json.WriteString("status", status ?? ToolCall.Running);
            if (prompt is not null) json.WriteString("prompt", prompt);
            if (result is not null) json.WriteString("result", result);
        });
    }

    private void Note(string thread, string? name, long offset, string? callId)
    {
        if (state.Spawned.ContainsKey(thread)) return;
        string? called = callId is null ? null : calls.StateOf(callId)?.Message;
        string message = called ?? (state.Answer ?? documents.Answer()).Key;
        state.AddSpawned(thread, new SpawnState(offset, message, documents.NextPart(), name));
        Put(thread, null, null);
    }

    private string? PromptAt(long offset)
    {
        using JsonDocument? line = readAgain(offset);
        if (line?.RootElement.Object("payload") is not { } payload) return null;
        if (payload.Text("item", "prompt") is { } prompt) return prompt;
        using JsonDocument? arguments = RecordFields.Parse(payload.Text("arguments"));
        return arguments?.RootElement.Text("message");
    }
}
