using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>Joins calls with their outputs, and with the items that say more of them.</summary>
/// <param name="state">Of the file.</param>
/// <param name="documents">Takes the parts.</param>
/// <param name="readAgain">Reads the record at an offset once more.</param>
internal sealed class RolloutCalls(
    RolloutState state, RolloutDocuments documents, Func<long, JsonDocument?> readAgain)
{
    // What this object has seen itself is not read again.
    private readonly Dictionary<string, ToolCall> known = new(StringComparer.Ordinal);

    /// <summary>Takes a call, at the offset of its line.</summary>
    public void Call(JsonElement item, long offset)
    {
        string id = item.Text("call_id") ?? item.Text("id") ?? $"line-{state.Line}";
        if (state.Calls.ContainsKey(id)) return;
        Add(id, CallMapping.OfCall(item, id, state.Time), offset);
    }

    /// <summary>Takes a call that is whole, once: it comes as an item and as an event.</summary>
    public void Whole(JsonElement item)
    {
        string id = item.Text("id") ?? item.Text("call_id") ?? $"line-{state.Line}";
        if (!state.TakeId(id)) return;
        ToolCall call = item.Text("type") == "web_search_call"
            ? CallMapping.OfCall(item, id, state.Time) with { Title = item.Text("action", "query") }
            : CallMapping.WithItem(null, item, id, state.Time, state.Time) ?? CallMapping.OfCall(item, id, state.Time);
        if (item.Text("type") == "image_generation_call" && item.Text("result") is { Length: > 0 } picture)
        {
            call = call with
            {
                Input = BoundedInput.Of(null),
                Attachments = [new Attachment("image/png", $"data:image/png;base64,{picture}", null)],
                Title = item.Text("revised_prompt"),
            };
        }

        documents.Add("tool", (call with { Status = ToolCall.Completed, End = state.Time }).Write);
        documents.Answer().Calls++;
    }

    /// <summary>Takes the output of a call.</summary>
    public void Output(JsonElement item)
    {
        string id = item.Text("call_id") ?? "";
        if (!state.Calls.TryGetValue(id, out CallState? call) || call.HasOutput)
        {
            if (call is null) Lost(item, id);
            return;
        }

        call.HasOutput = true;
        if (call.HasItem)
        {
            Forget(id, call);
            return;
        }

        if (Find(id, call) is not { } made) return;
        made = CallMapping.WithOutput(made, item, state.Time);
        Put(id, call, made);
        if (made.Status != ToolCall.Running) Forget(id, call);
    }

    /// <summary>Takes an item about a call, or about a command of the user's; false if it is about neither.</summary>
    public bool Item(JsonElement item, long start, long end)
    {
        string id = item.Text("id") ?? item.Text("call_id") ?? $"line-{state.Line}";
        if (!state.Calls.TryGetValue(id, out CallState? call))
        {
            if (CallMapping.WithItem(null, item, id, start, end) is not { } own) return false;
            if (!state.TakeId(id)) return true;
            documents.Add("tool", own.Write);
            return true;
        }

        if (Find(id, call) is not { } made || CallMapping.WithItem(made, item, id, start, end) is not { } more)
            return false;
        call.HasItem = true;
        Put(id, call, more);
        if (call.HasOutput) Forget(id, call);
        return true;
    }

    /// <summary>Returns the state of a call that is not forgotten yet.</summary>
    public CallState? StateOf(string id) => state.Calls.GetValueOrDefault(id);

    private void Add(string id, ToolCall made, long offset)
    {
        AnswerState answer = documents.Answer();
        answer.Calls++;
        string part = documents.Add(answer, "tool", made.Write);
        known[id] = made;
        state.AddCall(id, new CallState { Offset = offset, Message = answer.Key, Part = part, Start = state.Time });
    }

    private void Put(string id, CallState call, ToolCall made)
    {
        known[id] = made;
        documents.Part(call.Message, call.Part, "tool", made.Write);
    }

    /// <summary>Keeps a call that is over until the end of its turn, so that it is not taken twice.</summary>
    private void Forget(string id, CallState call)
    {
        call.IsOver = true;
        known.Remove(id);
    }

    private ToolCall? Find(string id, CallState call)
    {
        if (known.TryGetValue(id, out ToolCall? made)) return made;
        using JsonDocument? line = readAgain(call.Offset);
        JsonElement? item = line?.RootElement.Object("payload") ?? line?.RootElement;
        return item is { } read ? CallMapping.OfCall(read, id, call.Start) : null;
    }

    /// <summary>Puts an output without a call as a call of its own.</summary>
    private void Lost(JsonElement item, string id)
    {
        var call = new ToolCall { CallId = id, Name = "tool", Start = state.Time };
        documents.Add("tool", CallMapping.WithOutput(call, item, state.Time).Write);
    }
}
