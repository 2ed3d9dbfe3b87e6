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

    /// <summary>The rows of a database as documents: each field of <c>data</c>, and the id columns.</summary>
    public static Dictionary<(string Kind, string Key), JsonElement> OfRows(string path, string? sessionId = null)
    {
        string where = sessionId is null ? "" : $" WHERE session_id = '{sessionId}'";
        var rows = new Dictionary<(string, string), JsonElement>();
        foreach (object?[] row in OpencodeFiles.Query(path, "SELECT id, session_id, data FROM message" + where))
            rows[("message", (string)row[0]!)] = Element((string)row[2]!, ("id", row[0]), ("sessionID", row[1]));
        foreach (object?[] row in OpencodeFiles.Query(path, "SELECT id, session_id, message_id, data FROM part"
            + where))
            rows[("part", (string)row[0]!)] =
                Element((string)row[3]!, ("id", row[0]), ("sessionID", row[1]), ("messageID", row[2]));
        return rows;
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

    private static JsonElement Element(string data, params (string Name, object? Value)[] ids)
    {
        JsonObject document = JsonNode.Parse(data)!.AsObject();
        foreach ((string name, object? value) in ids) document[name] = (string)value!;
        return JsonSerializer.SerializeToElement(document);
    }
}
