using System.Runtime.InteropServices;
using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// Maps opencode items to ops: whole states with fresh ids and <c>if_changed</c>, same keys and form as <c>sharerpc
/// share</c>.
/// </summary>
internal static class ItemMapping
{
    // As deep as a body may be: what is too deep for a document becomes a placeholder under its own id.
    private static readonly JsonDocumentOptions ParseOptions = new() { MaxDepth = 4_096 };

    /// <summary>Returns null for an unknown type or an item without its key.</summary>
    public static IReadOnlyList<OpIntent>? Map(SyncItem item, string sessionId)
    {
        try
        {
            return item.Type switch
            {
                "session" => One(Kinds.Session, Session(item.Data)),
                "message" => One(Kinds.Message, item.Data),
                "part" => One(Kinds.Part, item.Data),
                "session_diff" => IsArray(item.Data) ? [Put(Kinds.SessionDiff, sessionId, item.Data)] : null,
                "model" => Elements(item.Data, Model),
                "messages" => Elements(item.Data, Message),
                _ => null,
            };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null; // nested too deep, or an id that is no text
        }
    }

    /// <summary>Returns the title of a session's document; null if it has none.</summary>
    public static string? TitleOf(RawJson session)
    {
        using JsonDocument document = JsonDocument.Parse(session.Utf8, ParseOptions);
        return Text(document.RootElement, "title"u8);
    }

    private static OpIntent[]? One(string kind, RawJson data)
    {
        using JsonDocument document = JsonDocument.Parse(data.Utf8, ParseOptions);
        return Text(document.RootElement, "id"u8) is { } id ? [Put(kind, id, data)] : null;
    }

    private static List<OpIntent>? Elements(RawJson data, Func<JsonElement, IEnumerable<OpIntent>> map)
    {
        using JsonDocument document = JsonDocument.Parse(data.Utf8, ParseOptions);
        return document.RootElement.ValueKind == JsonValueKind.Array
            ? [.. document.RootElement.EnumerateArray().SelectMany(map)] : null;
    }

    /// <summary>Removes the share's link, a bearer secret.</summary>
    private static RawJson Session(RawJson data)
    {
        if (data.Utf8.Span.IndexOf("srpc_"u8) < 0) return data;
        using JsonDocument document = JsonDocument.Parse(data.Utf8, ParseOptions);
        return JsonMembers.TryFind(document.RootElement, "share"u8, out JsonElement share)
            && JsonMarshal.GetRawUtf8Value(share).IndexOf("srpc_"u8) >= 0
                ? RawMembers.Without(document.RootElement, isDeep: false, "share")
                : data;
    }

    /// <summary>Removes headers and options, which may hold credentials.</summary>
    private static IEnumerable<OpIntent> Model(JsonElement model)
    {
        if (Text(model, "id"u8) is not { } id || Text(model, "providerID"u8) is not { } provider) return [];
        return [Put(Kinds.Model, $"{provider}/{id}", RawMembers.Without(model, isDeep: true, "headers", "options"))];
    }

    private static IEnumerable<OpIntent> Message(JsonElement message)
    {
        JsonElement info = JsonMembers.TryFind(message, "info"u8, out JsonElement inner) ? inner : message;
        if (Text(info, "id"u8) is { } id) yield return Put(Kinds.Message, id, RawJson.Of(info));
        if (!JsonMembers.TryFind(message, "parts"u8, out JsonElement parts) || parts.ValueKind != JsonValueKind.Array)
            yield break;
        foreach (JsonElement part in parts.EnumerateArray())
        {
            if (Text(part, "id"u8) is { } key) yield return Put(Kinds.Part, key, RawJson.Of(part));
        }
    }

    private static bool IsArray(RawJson data) => data.Utf8.Span[0] == (byte)'[';

    private static OpIntent Put(string kind, string key, RawJson data) =>
        new() { OpId = OpId.New(), Verb = Verbs.Put, Kind = kind, Key = key, Data = data, IfChanged = true };

    private static string? Text(JsonElement json, ReadOnlySpan<byte> name) =>
        JsonMembers.TryFind(json, name, out JsonElement value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
