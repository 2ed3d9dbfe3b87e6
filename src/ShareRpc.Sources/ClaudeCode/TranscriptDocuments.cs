using System.Globalization;
using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>
/// Puts the messages and parts of one lane. A key says the place in the file, so that reading it again makes the same.
/// </summary>
/// <param name="session">The id of the session.</param>
/// <param name="agent">The subagent; null for the conversation itself.</param>
/// <param name="state">Of the transcript.</param>
/// <param name="lane">Of the lane.</param>
/// <param name="pass">Takes what is put.</param>
internal sealed class TranscriptDocuments(
    string session, string? agent, TranscriptState state, LaneState lane, TranscriptPass pass)
{
    public LaneState Lane => lane;

    /// <summary>Gets or sets whether the line that is read is off the branch, and was at the last look.</summary>
    public (bool Is, bool Was) Undone { get; set; }

    /// <summary>Returns the message's key at a position of a lane.</summary>
    public static string MessageKey(string? agent, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{agent}{(agent is null ? "" : "-")}m{number:D7}");

    /// <summary>Returns the part's key.</summary>
    public static string PartKey(string message, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{message}.{part:D4}");

    /// <summary>Begins a message; its document is put by the caller.</summary>
    public MessageState Begin(ulong id, long time, bool isCommand = false)
    {
        lane.Time = Math.Max(lane.Time, time);
        var message = new MessageState
        {
            Key = MessageKey(agent, lane.Count + 1), Id = id, Created = lane.Time, IsUndone = Undone.Is,
            WasUndone = Undone.Was, IsCommand = isCommand,
        };
        lane.Add(message);
        return message;
    }

    /// <summary>Puts a message.</summary>
    public void Put(
        MessageState message, string role, long completed, long offset, Action<Utf8JsonWriter>? write = null)
    {
        if (!pass.Wants(message.IsUndone, message.WasUndone, offset)) return;
        pass.Emit(SessionFormat.Message(session, message.Key, role, agent, json =>
        {
            if (role == "assistant" && lane.Asked is { } asked) json.WriteString("parentID", asked);
            json.WriteStartObject("time");
            json.WriteNumber("created", message.Created);
            if (role != "user") json.WriteNumber("completed", Math.Max(completed, message.Created));
            json.WriteEndObject();
            Mark(json, message.IsUndone);
            write?.Invoke(json);
        }));
    }

    /// <summary>Returns the key of the message's next part.</summary>
    public string NextPart(MessageState message)
    {
        message.Parts++;
        state.Parts++;
        state.MostParts = Math.Max(state.MostParts, message.Parts);
        return PartKey(message.Key, message.Parts);
    }

    /// <summary>Puts a new part of a message.</summary>
    public void Add(MessageState message, string type, long offset, Action<Utf8JsonWriter> write) => Put(
        message.Key, NextPart(message), type, (message.IsUndone, message.WasUndone), offset, write);

    /// <summary>Puts a part as it is now.</summary>
    public void Put(string message, string part, string type, (bool Is, bool Was) undone, long offset,
        Action<Utf8JsonWriter> write)
    {
        if (!pass.Wants(undone.Is, undone.Was, offset)) return;
        pass.Emit(SessionFormat.Part(session, message, part, type, json =>
        {
            Mark(json, undone.Is);
            write(json);
        }));
    }

    /// <summary>Puts a text that the program added.</summary>
    public void AddSynthetic(MessageState message, string text, long offset) =>
        Add(message, "text", offset, json =>
        {
            json.WriteString("text", ToolMapping.Cut(text));
            json.WriteBoolean("synthetic", value: true);
        });

    private static void Mark(Utf8JsonWriter json, bool isUndone)
    {
        if (isUndone) json.WriteBoolean("undone", value: true);
    }
}
