using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// Tells what opencode's <c>revert</c> undoes: a message, or a part of one, and all that came later. Ids of opencode
/// rise with time. It stays in the rows until the next prompt, which removes it.
/// </summary>
internal sealed record Revert(string MessageId, string? PartId)
{
    private const string Field = "undone";

    /// <summary>Reads the <c>revert</c> column of a session; null if nothing is undone.</summary>
    public static Revert? OfRow(IReadOnlyDictionary<string, object?> session) =>
        session.GetValueOrDefault("revert") is string { Length: > 0 } text ? Parse($"{{\"revert\":{text}}}") : null;

    /// <summary>Reads a session document; null if nothing is undone.</summary>
    public static Revert? OfSession(RawJson session) => Parse(session.ToString());

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static Revert? FromText(string? text) => text?.Split(' ') switch
    {
        [{ Length: > 0 } message] => new Revert(message, null),
        [{ Length: > 0 } message, { Length: > 0 } part] => new Revert(message, part),
        _ => null,
    };

    public override string ToString() => PartId is null ? MessageId : $"{MessageId} {PartId}";

    /// <summary>Returns whether a message is undone, or a part of it.</summary>
    public bool Undoes(string messageId, string? partId = null)
    {
        int order = string.CompareOrdinal(messageId, MessageId);
        if (order != 0) return order > 0;
        return PartId is null || (partId is not null && string.CompareOrdinal(partId, PartId) >= 0);
    }

    /// <summary>Returns the document with <c>undone: true</c>, or without such a mark.</summary>
    public static RawJson Mark(RawJson document, bool isUndone)
    {
        ReadOnlySpan<byte> mark = "\"undone\""u8;
        if (!isUndone && document.Utf8.Span.IndexOf(mark) < 0) return document;
        using JsonDocument read = document.ToDocument();
        using var stream = new MemoryStream(document.Utf8.Length + 16);
        stream.WriteByte((byte)'{');
        bool isFirst = true;
        foreach (JsonProperty property in read.RootElement.EnumerateObject())
        {
            if (property.NameEquals(Field)) continue;
            if (!isFirst) stream.WriteByte((byte)',');
            isFirst = false;
            stream.Write(JsonSerializer.SerializeToUtf8Bytes(property.Name, ProtocolJson.Options));
            stream.WriteByte((byte)':');
            stream.Write(RawJson.Of(property.Value).Utf8.Span);
        }

        if (isUndone) stream.Write(isFirst ? "\"undone\":true"u8 : ",\"undone\":true"u8);
        stream.WriteByte((byte)'}');
        return new RawJson(stream.ToArray());
    }

    private static Revert? Parse(string session)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(session);
            if (!document.RootElement.TryGetProperty("revert", out JsonElement revert)) return null;
            return Text(revert, "messageID") is { } message ? new Revert(message, Text(revert, "partID")) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            && !text.Contains(' ', StringComparison.Ordinal) ? text : null;
}
