using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// Gives documents the form that opencode's import knows, [HTTP-16]: nothing of a subagent, whose messages are no part
/// of the session there, and the call that started it as a call of the tool <c>task</c>.
/// </summary>
internal static class ImportForm
{
    /// <summary>Returns null for a document that is left out.</summary>
    public static RawJson? Of(Document document)
    {
        if (document.Kind is not (Kinds.Message or Kinds.Part)) return document.Data;
        if (document.Data.Utf8.Span.IndexOf("\"agent_session\""u8) < 0) return document.Data;
        using JsonDocument read = document.Data.ToDocument();
        JsonElement root = read.RootElement;
        if (!JsonMembers.TryFind(root, "agent_session"u8, out JsonElement session)) return document.Data;
        bool isCall = document.Kind == Kinds.Part && JsonMembers.IsText(Member(root, "type"u8), "subagent"u8);
        return isCall ? Call(root, session) : null;
    }

    private static RawJson Call(JsonElement part, JsonElement session)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            Copy(json, part, "id"u8);
            Copy(json, part, "sessionID"u8);
            Copy(json, part, "messageID"u8);
            json.WriteString("type"u8, "tool"u8);
            Copy(json, part, "callID"u8);
            json.WriteString("tool"u8, "task"u8);
            json.WriteStartObject("state"u8);
            Copy(json, part, "status"u8);
            json.WriteStartObject("input"u8);
            Copy(json, part, "description"u8);
            Copy(json, part, "prompt"u8);
            Copy(json, part, "name"u8, "subagent_type"u8);
            json.WriteEndObject();
            if (JsonMembers.IsText(Member(part, "status"u8), "completed"u8))
            {
                Text(json, part, "result"u8, "output"u8);
                Text(json, part, "description"u8, "title"u8);
            }

            Copy(json, part, "error"u8);
            json.WriteStartObject("metadata"u8);
            Write(json, "sessionId"u8, session);
            json.WriteEndObject();
            Copy(json, part, "time"u8);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return new RawJson(output.WrittenMemory);
    }

    /// <summary>Writes a text that opencode's schema asks for, be it empty.</summary>
    private static void Text(Utf8JsonWriter json, JsonElement part, ReadOnlySpan<byte> name, ReadOnlySpan<byte> into)
    {
        JsonElement value = Member(part, name);
        if (value.ValueKind == JsonValueKind.String) Write(json, into, value);
        else json.WriteString(into, ""u8);
    }

    private static void Copy(
        Utf8JsonWriter json, JsonElement part, ReadOnlySpan<byte> name, ReadOnlySpan<byte> into = default)
    {
        JsonElement value = Member(part, name);
        if (value.ValueKind != JsonValueKind.Undefined) Write(json, into.IsEmpty ? name : into, value);
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, JsonElement value)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);
    }

    private static JsonElement Member(JsonElement from, ReadOnlySpan<byte> name) =>
        JsonMembers.TryFind(from, name, out JsonElement value) ? value : default;
}
