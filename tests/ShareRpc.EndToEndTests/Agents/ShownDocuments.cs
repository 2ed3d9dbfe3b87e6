using System.Text.Json.Nodes;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>The documents of a session, and what a page shows of them. Thread-safe.</summary>
internal sealed class ShownDocuments
{
    private readonly Dictionary<(string Kind, string Key), JsonObject> documents = [];
    private readonly Lock gate = new();

    /// <summary>
    /// Gets what is shown, a line a part: role, type, text or tool with status and output; of a subagent with "sub".
    /// </summary>
    public IReadOnlyList<string> Shown
    {
        get
        {
            lock (gate)
            {
                return [.. Of(Kinds.Message).OrderBy(message => (long)message["time"]!["created"]!)
                    .ThenBy(message => (string)message["id"]!, StringComparer.Ordinal)
                    .SelectMany(message => Of(Kinds.Part).Where(part => Is(part, "messageID", (string)message["id"]!))
                        .OrderBy(part => (string)part["id"]!, StringComparer.Ordinal)
                        .Select(part => $"{Of(message)}{message["role"]} {part["type"]} {Text(part)}"))];
            }
        }
    }

    /// <summary>Gets the states of the turns, in order.</summary>
    public IReadOnlyList<string> Turns
    {
        get
        {
            lock (gate)
            {
                return [.. documents.Where(entry => entry.Key.Kind == Kinds.Turn)
                    .OrderBy(entry => entry.Key.Key, StringComparer.Ordinal)
                    .Select(entry => (string)entry.Value["state"]!)];
            }
        }
    }

    /// <summary>Sets a document, or removes it; returns whether that changed anything.</summary>
    public bool Apply(string kind, string key, RawJson? data)
    {
        lock (gate)
        {
            if (data is not { } value) return documents.Remove((kind, key));
            if (JsonNode.Parse(value.Utf8.Span) is not JsonObject document) return false;
            bool isSame = documents.TryGetValue((kind, key), out JsonObject? known)
                && JsonNode.DeepEquals(known, document);
            documents[(kind, key)] = document;
            return !isSame;
        }
    }

    private IEnumerable<JsonObject> Of(string kind) =>
        documents.Where(entry => entry.Key.Kind == kind).Select(entry => entry.Value);

    private static string Of(JsonObject message) => message["agent_session"] is null ? "" : "sub ";

    private static bool Is(JsonObject part, string member, string value) => (string?)part[member] == value;

    private static string Text(JsonObject part)
    {
        if (Is(part, "type", "subagent")) return $"{part["status"]} {part["result"]}";
        if (part["state"] is not { } state) return (string?)(part["text"] ?? part["summary"]) ?? "";
        string ended = $"{state["metadata"]?["exit"]} {state["output"] ?? state["error"]}";
        return $"{part["tool"]} {state["status"]} {ended}".Trim();
    }
}
