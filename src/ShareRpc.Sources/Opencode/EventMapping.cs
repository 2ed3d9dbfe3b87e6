using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>Maps events to ops and updates the known keys.</summary>
internal static class EventMapping
{
    private static readonly JsonDocumentOptions ParseOptions = new() { MaxDepth = 64 };

    /// <summary>
    /// Returns the ops of an event. <paramref name="known"/> afterwards includes them. Their ids are made of what
    /// <paramref name="filter"/> leaves, so that no id tells anything of what it keeps back.
    /// </summary>
    public static EventOps Map(
        OpencodeEvent source, KnownDocuments known, SecretFilter? filter = null, Revert? revert = null,
        SessionForm? form = null)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(source.Data, ParseOptions);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? Map(source, document.RootElement, known, new Making(filter, revert, form)) : EventOps.Unknown;
        }
        catch (JsonException)
        {
            return EventOps.Unknown;
        }
    }

    private static EventOps Map(
        OpencodeEvent source, JsonElement data, KnownDocuments known, Making making) => source.Type switch
    {
        "message.updated.1" => MessageUpdated(source, data, known, making),
        "message.removed.1" => MessageRemoved(source, data, known),
        "message.part.updated.1" => PartUpdated(source, data, known, making),
        "message.part.removed.1" => PartRemoved(source, data, known),

        // The session row is newer than these events.
        "session.created.1" or "session.updated.1" => EventOps.None,
        _ => EventOps.Unknown,
    };

    private static EventOps MessageUpdated(
        OpencodeEvent source, JsonElement data, KnownDocuments known, Making making)
    {
        if (Object(data, "info") is not { } info || Text(info, "id") is not { } id) return EventOps.Unknown;
        known.PutMessage(id);
        RawJson document = Revert.Mark(making.Document(Kinds.Message, info), making.Revert?.Undoes(id) == true);
        return new EventOps([OpencodeOps.PutOf(source, Kinds.Message, id, document)], Understood: true);
    }

    private static EventOps PartUpdated(
        OpencodeEvent source, JsonElement data, KnownDocuments known, Making making)
    {
        if (Object(data, "part") is not { } part || Text(part, "id") is not { } id
            || Text(part, "messageID") is not { } messageId)
            return EventOps.Unknown;
        known.PutPart(messageId, id);
        bool isUndone = making.Revert?.Undoes(messageId, id) == true;
        RawJson document = Revert.Mark(making.Document(Kinds.Part, part), isUndone);
        return new EventOps([OpencodeOps.PutOf(source, Kinds.Part, id, document)], Understood: true);
    }

    private static EventOps PartRemoved(OpencodeEvent source, JsonElement data, KnownDocuments known)
    {
        if (Text(data, "messageID") is not { } messageId || Text(data, "partID") is not { } id) return EventOps.Unknown;
        known.RemovePart(messageId, id);
        return new EventOps([OpencodeOps.RemoveOf(source, Kinds.Part, id)], Understood: true);
    }

    /// <summary>Removes the parts first: opencode writes no events for them.</summary>
    private static EventOps MessageRemoved(OpencodeEvent source, JsonElement data, KnownDocuments known)
    {
        if (Text(data, "messageID") is not { } id) return EventOps.Unknown;
        List<OpIntent> ops = [.. known.PartsOf(id).Select(part => OpencodeOps.RemoveOf(source, Kinds.Part, part))];
        ops.Add(OpencodeOps.RemoveOf(source, Kinds.Message, id));
        known.RemoveMessage(id);
        return new EventOps(ops, Understood: true);
    }

    private static JsonElement? Object(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Object ? value : null;

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>How documents are made of what an event holds.</summary>
    private sealed record Making(SecretFilter? Filter, Revert? Revert, SessionForm? Form)
    {
        public RawJson Document(string kind, JsonElement held)
        {
            RawJson raw = RawJson.Of(held);
            RawJson document = Form?.Of(kind, raw) ?? raw;
            return Filter?.Clean(document) ?? document;
        }
    }
}

/// <summary>What one event comes to.</summary>
/// <param name="Ops">In order; none for an event that the rows answer.</param>
/// <param name="Understood">False for a type or shape that this version does not know: the rows are to be compared
/// instead.</param>
internal sealed record EventOps(IReadOnlyList<OpIntent> Ops, bool Understood)
{
    public static readonly EventOps None = new([], Understood: true);
    public static readonly EventOps Unknown = new([], Understood: false);

    public bool Atomic => Ops.Count > 1;
}
