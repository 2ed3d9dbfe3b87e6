using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Opencode;

/// <summary>A row's <c>data</c> bytes, unchanged, with the id columns, as opencode shares it.</summary>
internal static class RowDocument
{
    private static readonly JsonDocumentOptions ParseOptions = new() { MaxDepth = 64 };

    /// <summary>
    /// Returns the document of a message or part row, or a placeholder if it holds none: no object of limited depth.
    /// </summary>
    public static (RawJson Data, bool IsWhole) Of(OpencodeView view, SessionForm form, string kind, DocumentRow row)
    {
        (string, string)[] ids = kind == Kinds.Message
            ? [("id", row.Id), ("sessionID", form.SessionId)]
            : [("id", row.Id), ("sessionID", form.SessionId), ("messageID", row.MessageId)];
        byte[] data = kind == Kinds.Message ? view.MessageData(row.Id) : view.PartData(row.Id);
        if (Build(data, ids) is { } document) return (form.Of(kind, document), true);
        string reason = OmittedDocument.ReasonOf(data, ProtocolLimits.Default) ?? OmittedDocument.InvalidJson;
        return (form.Of(kind, OmittedDocument.Make(kind, data, data.Length, reason, ids)), false);
    }

    /// <summary>Returns null unless a JSON object of limited depth. Id columns replace equal field names.</summary>
    public static RawJson? Build(ReadOnlyMemory<byte> data, params ReadOnlySpan<(string Name, string Value)> ids)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(data, ParseOptions);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return null;
            return new RawJson(Write(document.RootElement, data, ids));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Write(JsonElement root, ReadOnlyMemory<byte> data,
        ReadOnlySpan<(string Name, string Value)> ids)
    {
        using var stream = new MemoryStream(data.Length + 128);
        bool collides = false;
        foreach ((string name, _) in ids) collides |= root.TryGetProperty(name, out _);
        bool empty = collides ? WriteOthers(stream, root, ids) : WriteAll(stream, data);
        foreach ((string name, string value) in ids)
        {
            if (!empty) stream.WriteByte((byte)',');
            empty = false;
            stream.Write(JsonSerializer.SerializeToUtf8Bytes(name, ProtocolJson.Options));
            stream.WriteByte((byte)':');
            stream.Write(JsonSerializer.SerializeToUtf8Bytes(value, ProtocolJson.Options));
        }

        stream.WriteByte((byte)'}');
        return stream.ToArray();
    }

    private static bool WriteAll(MemoryStream stream, ReadOnlyMemory<byte> data)
    {
        ReadOnlySpan<byte> open = data.Span.TrimEnd(" \t\r\n"u8)[..^1].TrimEnd(" \t\r\n"u8);
        stream.Write(open);
        return open[^1] == (byte)'{';
    }

    private static bool WriteOthers(MemoryStream stream, JsonElement root,
        ReadOnlySpan<(string Name, string Value)> ids)
    {
        stream.WriteByte((byte)'{');
        bool empty = true;
        foreach (JsonProperty property in root.EnumerateObject())
        {
            bool replaced = false;
            foreach ((string name, _) in ids) replaced |= property.NameEquals(name);
            if (replaced) continue;
            if (!empty) stream.WriteByte((byte)',');
            empty = false;
            stream.Write(JsonSerializer.SerializeToUtf8Bytes(property.Name, ProtocolJson.Options));
            stream.WriteByte((byte)':');
            stream.Write(RawJson.Of(property.Value).Utf8.Span);
        }

        return empty;
    }
}
