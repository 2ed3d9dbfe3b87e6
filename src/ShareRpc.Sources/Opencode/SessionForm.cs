using System.Runtime.InteropServices;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// Makes documents of the session format (protocol/session-format.md) of what OpenCode 1 stores: those of a subagent
/// belong to the session whose share it is, and the call that started one is a part of type <c>subagent</c>.
/// </summary>
/// <param name="SessionId">The session that is read.</param>
/// <param name="Share">The session whose share it is: of a subagent, the one that started it.</param>
/// <param name="IsPlain">Leaves all as it is, as opencode itself sends it.</param>
internal sealed record SessionForm(string SessionId, string Share, bool IsPlain = false)
{
    private static readonly JsonDocumentOptions ParseOptions = new() { MaxDepth = 64 };

    /// <summary>Gets whether the session is a subagent's in the share.</summary>
    public bool IsSubagent => SessionId != Share;

    /// <summary>Returns the form of a session in its own share.</summary>
    public static SessionForm Of(string sessionId) => new(sessionId, sessionId);

    /// <summary>Returns the document of a message or part; every other kind as it is.</summary>
    public RawJson Of(string kind, RawJson document)
    {
        if (IsPlain || kind is not (Kinds.Message or Kinds.Part)) return document;
        bool mayStart = kind == Kinds.Part && document.Utf8.Span.IndexOf("\"task\""u8) >= 0;
        if (!IsSubagent && !mayStart) return document;
        using JsonDocument read = JsonDocument.Parse(document.Utf8, ParseOptions);
        JsonElement root = read.RootElement;
        if (mayStart && StartedBy(root) is { } started)
            return SessionFormat.Object(json => WriteSubagent(json, root, started));
        return IsSubagent ? WithMark(root) : document;
    }

    /// <summary>Copies a document, with what says that it is a subagent's.</summary>
    private RawJson WithMark(JsonElement document)
    {
        using var marked = new MemoryStream();
        marked.Write("{"u8);
        foreach (JsonProperty member in document.EnumerateObject())
        {
            if (JsonMembers.IsNamed(member, "agent_session"u8) || JsonMembers.IsNamed(member, "sessionID"u8)) continue;
            marked.Write("\""u8);
            marked.Write(JsonMarshal.GetRawUtf8PropertyName(member));
            marked.Write("\":"u8);
            marked.Write(JsonMarshal.GetRawUtf8Value(member.Value));
            marked.Write(","u8);
        }

        marked.Write("\"sessionID\":"u8);
        marked.Write(JsonSerializer.SerializeToUtf8Bytes(Share, ProtocolJson.Options));
        marked.Write(",\"agent_session\":"u8);
        marked.Write(JsonSerializer.SerializeToUtf8Bytes(SessionId, ProtocolJson.Options));
        marked.Write("}"u8);
        return new RawJson(marked.ToArray());
    }

    /// <summary>Returns the session that a call started; null for another part, or before opencode knows it.</summary>
    private static string? StartedBy(JsonElement part) =>
        JsonMembers.IsText(Member(part, "type"u8), "tool"u8) && JsonMembers.IsText(Member(part, "tool"u8), "task"u8)
            ? Text(Member(Member(Member(part, "state"u8), "metadata"u8), "sessionId"u8)) : null;

    private void WriteSubagent(Utf8JsonWriter json, JsonElement part, string started)
    {
        JsonElement state = Member(part, "state"u8);
        JsonElement input = Member(state, "input"u8);
        Copy(json, part, "id"u8, "id"u8);
        json.WriteString("sessionID", Share);
        Copy(json, part, "messageID"u8, "messageID"u8);
        json.WriteString("type", "subagent");
        Copy(json, part, "callID"u8, "callID"u8);
        Copy(json, part, "tool"u8, "tool"u8);
        json.WriteString("agent_session", started);
        Copy(json, input, "subagent_type"u8, "name"u8);
        Copy(json, input, "description"u8, "description"u8);
        Copy(json, input, "prompt"u8, "prompt"u8);
        Copy(json, state, "status"u8, "status"u8);
        Copy(json, state, "output"u8, "result"u8);
        Copy(json, state, "error"u8, "error"u8);
        Copy(json, state, "time"u8, "time"u8);
    }

    private static void Copy(
        Utf8JsonWriter json, JsonElement from, ReadOnlySpan<byte> name, ReadOnlySpan<byte> into)
    {
        JsonElement value = Member(from, name);
        if (value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null) return;
        json.WritePropertyName(into);
        json.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);
    }

    private static JsonElement Member(JsonElement from, ReadOnlySpan<byte> name) =>
        JsonMembers.TryFind(from, name, out JsonElement value) ? value : default;

    private static string? Text(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String) return null;
        try
        {
            return value.GetString() is { Length: > 0 } text ? text : null;
        }
        catch (InvalidOperationException)
        {
            return null; // a lone surrogate: no id
        }
    }
}
