using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>Makes the documents that the database source would make.</summary>
internal static class FileDocument
{
    private static readonly JsonDocumentOptions ParseOptions = new() { MaxDepth = 64 };

    /// <summary>Checks the ids against the file's name and folder; adds missing ids.</summary>
    public static (RawJson? Data, SkipReason? Reason) OfObject(byte[] content,
        params ReadOnlySpan<(string Name, string Value)> ids)
    {
        byte[] compact = Compact(content);
        if (!Utf8.IsValid(compact) || RowDocument.Build(compact) is null) return (null, SkipReason.NotJson);
        using JsonDocument document = JsonDocument.Parse(compact, ParseOptions);
        var missing = new List<(string, string)>();
        foreach ((string name, string value) in ids)
        {
            if (!document.RootElement.TryGetProperty(name, out JsonElement held)) missing.Add((name, value));
            else if (!JsonElement.DeepEquals(held, JsonSerializer.SerializeToElement(value)))
                return (null, SkipReason.OtherId);
        }

        return (RowDocument.Build(compact, CollectionsMarshal.AsSpan(missing)), null);
    }

    /// <summary>Removes a ShareRpc link: it is secret.</summary>
    public static (RawJson? Data, SkipReason? Reason) OfSession(byte[] content, string id)
    {
        (RawJson? data, SkipReason? reason) = OfObject(content, ("id", id));
        if (data is not { } session || content.AsSpan().IndexOf("srpc_"u8) < 0) return (data, reason);
        JsonObject fields = JsonNode.Parse(session.Utf8.Span)!.AsObject();
        if (fields["share"]?.ToJsonString().Contains(ShareToken.Prefix, StringComparison.Ordinal) == true)
            fields.Remove("share");
        return (new RawJson(JsonSerializer.SerializeToUtf8Bytes(fields, ProtocolJson.Options)), null);
    }

    /// <summary>Returns null data for an empty list.</summary>
    public static (RawJson? Data, SkipReason? Reason) OfList(string kind, byte[] content)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(content, ParseOptions);
            if (!Utf8.IsValid(content) || document.RootElement.ValueKind != JsonValueKind.Array)
                return (null, SkipReason.NotJson);
            if (document.RootElement.GetArrayLength() == 0) return (null, null);
            if (kind != Kinds.Todo) return (new RawJson(Compact(content)), null);
            return (TodoDocument.Build([.. document.RootElement.EnumerateArray().Select(
                todo => (Text(todo, "content"), Text(todo, "status"), Text(todo, "priority")))]), null);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return (null, SkipReason.NotJson);
        }
    }

    /// <summary>Removes white space between tokens only.</summary>
    internal static byte[] Compact(ReadOnlySpan<byte> json)
    {
        byte[] kept = new byte[json.Length];
        int length = 0;
        bool inString = false;
        for (int i = 0; i < json.Length; i++)
        {
            byte next = json[i];
            if (!inString && IsSpace(next)) continue;
            kept[length++] = next;
            if (next == (byte)'"') inString = !inString;
            else if (inString && next == (byte)'\\' && i + 1 < json.Length) kept[length++] = json[++i];
        }

        return kept[..length];
    }

    private static bool IsSpace(byte character) => character is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';

    private static string Text(JsonElement item, string name) =>
        item.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
