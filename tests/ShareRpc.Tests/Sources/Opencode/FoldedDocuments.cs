using System.Text.Json;
using System.Text.Json.Nodes;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Tests.Sources.Opencode;

/// <summary>What a share would hold after some ops: the plain meaning of put and remove.</summary>
internal sealed class FoldedDocuments
{
    private readonly Dictionary<(string Kind, string Key), JsonElement> documents = [];

    public IReadOnlyDictionary<(string Kind, string Key), JsonElement> All => documents;

    /// <summary>How many ops changed something.</summary>
    public int Applied { get; private set; }

    public void Apply(IEnumerable<OpIntent> ops)
    {
        foreach (OpIntent op in ops) Apply(op);
    }

    public int Count(string kind) => documents.Keys.Count(key => key.Kind == kind);

    /// <summary>
    /// The rows of a database as documents: each field of <c>data</c>, and the id columns; those of subagents with
    /// their mark, in the share of the session that started them.
    /// </summary>
    public static Dictionary<(string Kind, string Key), JsonElement> OfRows(string path, string? sessionId = null)
    {
        Dictionary<string, string?> parents = OpencodeFiles.Query(path, "SELECT id, parent_id FROM session")
            .ToDictionary(row => (string)row[0]!, row => (string?)row[1]);
        var rows = new Dictionary<(string, string), JsonElement>();
        foreach (object?[] row in OpencodeFiles.Query(path, "SELECT id, session_id, data FROM message"))
        {
            if (sessionId is null || RootOf((string)row[1]!) == sessionId)
                rows[("message", (string)row[0]!)] = Element((string)row[2]!, row[1], ("id", row[0]));
        }

        foreach (object?[] row in OpencodeFiles.Query(path, "SELECT id, session_id, message_id, data FROM part"))
        {
            if (sessionId is null || RootOf((string)row[1]!) == sessionId)
                rows[("part", (string)row[0]!)] =
                    Element((string)row[3]!, row[1], ("id", row[0]), ("messageID", row[2]));
        }

        return rows;

        string RootOf(string session) => parents.GetValueOrDefault(session) is { } parent
            && parents.ContainsKey(parent) ? RootOf(parent) : session;

        JsonElement Element(string data, object? session, params (string Name, object? Value)[] ids)
        {
            JsonObject document = JsonNode.Parse(data)!.AsObject();
            foreach ((string name, object? value) in ids) document[name] = (string)value!;
            string root = RootOf((string)session!);
            document["sessionID"] = root;
            if ((string?)document["tool"] == "task" && document["state"]!["metadata"]?["sessionId"] is JsonValue child)
                return JsonSerializer.SerializeToElement(Call(document, (string)child!));
            if (root != (string)session!) document["agent_session"] = (string)session!;
            return JsonSerializer.SerializeToElement(document);
        }
    }

    public void AssertHoldsExactly(IReadOnlyDictionary<(string Kind, string Key), JsonElement> expected)
    {
        var held = documents.Where(entry => entry.Key.Kind is "message" or "part").ToDictionary();
        Assert.Equal(expected.Keys.Order(), held.Keys.Order());
        foreach ((var key, JsonElement document) in expected)
            Assert.True(JsonElement.DeepEquals(document, held[key]), $"{key} differs");
    }

    private void Apply(OpIntent op)
    {
        if (op.Verb == Verbs.Remove)
        {
            if (documents.Remove((op.Kind, op.Key))) Applied++;
            return;
        }

        using JsonDocument document = op.Data!.Value.ToDocument();
        bool same = documents.TryGetValue((op.Kind, op.Key), out JsonElement current)
            && JsonElement.DeepEquals(current, document.RootElement);
        if (same && op.IfChanged == true) return;
        documents[(op.Kind, op.Key)] = document.RootElement.Clone();
        Applied++;
    }

    private static JsonObject Call(JsonObject part, string child)
    {
        JsonNode state = part["state"]!;
        var call = new JsonObject { ["type"] = "subagent", ["agent_session"] = child };
        foreach (string name in (string[])["id", "sessionID", "messageID", "callID", "tool"])
            call[name] = part[name]!.DeepClone();
        (JsonNode From, string Name, string Into)[] moved =
        [
            (state["input"]!, "subagent_type", "name"), (state["input"]!, "description", "description"),
            (state["input"]!, "prompt", "prompt"), (state, "status", "status"), (state, "output", "result"),
            (state, "error", "error"), (state, "time", "time"),
        ];
        foreach ((JsonNode from, string name, string into) in moved)
        {
            if (from[name] is { } value) call[into] = value.DeepClone();
        }

        return call;
    }
}
