using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Following;

/// <summary>Builds documents of the session format (protocol/session-format.md).</summary>
internal static class SessionFormat
{
    /// <summary>The version that <c>session</c> documents carry as <c>schema_version</c>.</summary>
    public const int Version = 1;

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = ProtocolJson.Options.Encoder, MaxDepth = 64,
    };

    /// <summary>Builds the session document; <paramref name="write"/> adds the other fields.</summary>
    public static DocumentChange Session(
        string sessionId, string agent, string? agentVersion, Action<Utf8JsonWriter> write) =>
        new(Kinds.Session, sessionId, Object(json =>
        {
            json.WriteString("id", sessionId);
            json.WriteNumber("schema_version", Version);
            json.WriteString("agent", agent);
            if (agentVersion is not null) json.WriteString("agent_version", agentVersion);
            write(json);
        }));

    /// <summary>
    /// Builds a message; <paramref name="agentSession"/> names the subagent that it belongs to. Messages are shown in
    /// the order of <c>time.created</c>, then of their keys: a time that goes back is raised to the one before it.
    /// </summary>
    public static DocumentChange Message(
        string sessionId, string id, string role, string? agentSession, Action<Utf8JsonWriter> write) =>
        new(Kinds.Message, id, Object(json =>
        {
            json.WriteString("id", id);
            json.WriteString("sessionID", sessionId);
            json.WriteString("role", role);
            if (agentSession is not null) json.WriteString("agent_session", agentSession);
            write(json);
        }));

    /// <summary>Builds a part of a message; ids of one message's parts sort in their order.</summary>
    public static DocumentChange Part(
        string sessionId, string messageId, string id, string type, Action<Utf8JsonWriter> write) =>
        new(Kinds.Part, id, Object(json =>
        {
            json.WriteString("id", id);
            json.WriteString("sessionID", sessionId);
            json.WriteString("messageID", messageId);
            json.WriteString("type", type);
            write(json);
        }));

    /// <summary>Builds the part that stands for a record of a type that the adapter does not know.</summary>
    public static DocumentChange Notice(
        string sessionId, string messageId, string id, string recordType, string? detail = null) =>
        Part(sessionId, messageId, id, "notice", json =>
        {
            json.WriteString("record", recordType);
            if (detail is not null) json.WriteString("detail", detail);
        });

    /// <summary>Builds the state of a turn; its key is the id of the message that began it.</summary>
    /// <param name="messageId">The user's message.</param>
    /// <param name="state">See <see cref="TurnStates"/>. A turn that has ended is not opened again.</param>
    public static DocumentChange Turn(string messageId, string state) =>
        new(Kinds.Turn, messageId, Object(json => json.WriteString("state", state)));

    /// <summary>Returns the removal of a document.</summary>
    public static DocumentChange Removed(string kind, string key) => new(kind, key, Data: null);

    /// <summary>Builds an object.</summary>
    public static RawJson Object(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, WriterOptions))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return new RawJson(stream.ToArray());
    }
}
