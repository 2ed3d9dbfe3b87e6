using System.Text.Json.Nodes;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>
/// Follows the one session of an agent while its program writes: each look by a reader that knows nothing but the
/// bookmark, as after a kill.
/// </summary>
internal sealed class FollowedAgent(Func<IAgentStorage?> open)
{
    private readonly Dictionary<(string Kind, string Key), JsonObject> documents = [];
    private readonly Lock gate = new();
    private string? bookmark;

    /// <summary>Gets what is shown, a line a part: role, type, text or tool with status and output.</summary>
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
                        .Select(part => $"{message["role"]} {part["type"]} {Text(part)}"))];
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

    /// <summary>Reads, look after look, until it is cancelled.</summary>
    public Task FollowAsync(CancellationToken cancellationToken) => Until.TrueAsync(
        () =>
        {
            Look();
            return cancellationToken.IsCancellationRequested;
        },
        CancellationToken.None);

    /// <summary>Reads what is new; returns the number of documents that changed.</summary>
    public int Look()
    {
        if (open() is not { } storage || storage.Sessions() is not [{ } session, ..]) return 0;
        using ISessionReader reader = storage.Open(session, bookmark);
        int changed = 0;
        foreach (SourceStep step in reader.Read())
        {
            lock (gate)
            {
                foreach (DocumentChange change in step.Changes) changed += Apply(change) ? 1 : 0;
                bookmark = step.Bookmark;
            }
        }

        Assert.Empty(reader.Report.Unknown);
        return changed;
    }

    private bool Apply(DocumentChange change)
    {
        if (change.Data is not { } data) return documents.Remove((change.Kind, change.Key));
        JsonObject document = JsonNode.Parse(data.Utf8.Span)!.AsObject();
        bool isSame = documents.TryGetValue((change.Kind, change.Key), out JsonObject? known)
            && JsonNode.DeepEquals(known, document);
        documents[(change.Kind, change.Key)] = document;
        return !isSame;
    }

    private IEnumerable<JsonObject> Of(string kind) =>
        documents.Where(entry => entry.Key.Kind == kind).Select(entry => entry.Value);

    private static bool Is(JsonObject part, string member, string value) => (string?)part[member] == value;

    private static string Text(JsonObject part)
    {
        if (part["state"] is not { } state) return (string?)part["text"] ?? "";
        string ended = $"{state["metadata"]?["exit"]} {state["output"] ?? state["error"]}";
        return $"{part["tool"]} {state["status"]} {ended}".Trim();
    }
}
