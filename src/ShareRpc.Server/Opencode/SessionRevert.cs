using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// What a session's <c>revert</c> takes back: a message, or a part of one, and all that came later. Ids of opencode
/// rise with time.
/// </summary>
internal sealed record SessionRevert(string MessageId, string? PartId)
{
    private const string Mark = "undone";

    // As deep as a body may be: an op that is malformed is rejected later.
    private static readonly JsonDocumentOptions ParseOptions = new() { MaxDepth = 4_096 };

    /// <summary>Returns null if the session takes nothing back.</summary>
    public static SessionRevert? Of(RawJson session)
    {
        using JsonDocument document = JsonDocument.Parse(session.Utf8, ParseOptions);
        if (!JsonMembers.TryFind(document.RootElement, "revert"u8, out JsonElement revert)) return null;
        return Text(revert, "messageID"u8) is { } message ? new SessionRevert(message, Text(revert, "partID"u8)) : null;
    }

    /// <summary>
    /// Returns the document with <c>undone: true</c> if it is taken back, else without. Other kinds than messages and
    /// parts stay as they are.
    /// </summary>
    public static RawJson MarkIn(string kind, RawJson data, SessionRevert? revert)
    {
        bool isMarked = data.Utf8.Span.IndexOf("undone"u8) >= 0;
        if (kind is not (Kinds.Message or Kinds.Part) || (revert is null && !isMarked)) return data;
        using JsonDocument document = JsonDocument.Parse(data.Utf8, ParseOptions);
        JsonElement json = document.RootElement;
        if (json.ValueKind != JsonValueKind.Object) return data;
        RawJson plain = isMarked ? RawMembers.Without(json, isDeep: false, Mark) : data;
        string? id = Text(json, "id"u8);
        (string? message, string? part) = kind == Kinds.Part ? (Text(json, "messageID"u8), id) : (id, null);
        return message is not null && revert?.TakesBack(message, part) == true ? WithMark(plain) : plain;
    }

    private bool TakesBack(string message, string? part)
    {
        int order = string.CompareOrdinal(message, MessageId);
        if (order != 0) return order > 0;
        return PartId is null || (part is not null && string.CompareOrdinal(part, PartId) >= 0);
    }

    private static RawJson WithMark(RawJson document)
    {
        ReadOnlySpan<byte> body = document.Utf8.Span[..document.Utf8.Span.LastIndexOf((byte)'}')].TrimEnd(" \t\r\n"u8);
        ReadOnlySpan<byte> mark = body[^1] == (byte)'{' ? "\"undone\":true}"u8 : ",\"undone\":true}"u8;
        byte[] marked = [.. body, .. mark];
        return new RawJson(marked);
    }

    private static string? Text(JsonElement parent, ReadOnlySpan<byte> name) =>
        JsonMembers.TryFind(parent, name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            && value.GetString() is { Length: > 0 } text ? text : null;
}
