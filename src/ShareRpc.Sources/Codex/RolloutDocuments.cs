using System.Globalization;
using System.Text.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>
/// Makes the documents of one rollout file. A document's key names the file and the line where it begins, so that
/// reading a file again makes the same documents.
/// </summary>
/// <param name="place">Whose documents.</param>
/// <param name="state">Of the file.</param>
/// <param name="emit">Takes each document.</param>
internal sealed class RolloutDocuments(RolloutPlace place, RolloutState state, Action<DocumentChange> emit)
{
    private int partsOfLine;

    /// <summary>Gets the open reply; null before the first and behind a closed one.</summary>
    public AnswerState? Open => state.Answer is { IsClosed: false } answer ? answer : null;

    /// <summary>Gets the key of what begins at this line.</summary>
    public string KeyOfLine => place.KeyOf(state.Line);

    /// <summary>Begins with another line.</summary>
    public void BeginLine() => partsOfLine = 0;

    /// <summary>Puts a message of the user; returns its key.</summary>
    public string User(string text, IEnumerable<Attachment> files)
    {
        Close();
        string key = place.KeyOf(state.Line);
        state.Messages++;
        state.User = key;
        Message(key, "user", json => Time(json, state.Time, null));
        if (text.Length > 0) Part(key, NextPart(), "text", json => json.WriteString("text", text));
        Files(key, files);
        return key;
    }

    /// <summary>Puts files of a message.</summary>
    public void Files(string message, IEnumerable<Attachment> files)
    {
        foreach (Attachment file in files) Part(message, NextPart(), "file", file.Write);
    }

    /// <summary>Returns the open reply; begins one if there is none.</summary>
    public AnswerState Answer()
    {
        if (Open is { } open) return open;
        var answer = new AnswerState
        {
            Key = place.KeyOf(state.Line), Created = state.Time, Parent = state.User, Model = state.Model,
            Provider = state.Provider,
        };
        state.Messages++;
        state.Answer = answer;
        Put(answer);
        return answer;
    }

    /// <summary>Gets whether all of it is a subagent's.</summary>
    public bool IsOfSubagent => place.AgentSession is not null;

    /// <summary>Puts a text or the like into the open reply.</summary>
    public void Add(string type, Action<Utf8JsonWriter> write) => Add(Answer(), type, write);

    /// <summary>Puts a part into a reply; returns its key.</summary>
    public string Add(AnswerState answer, string type, Action<Utf8JsonWriter> write)
    {
        answer.Parts++;
        string key = NextPart();
        Part(answer.Key, key, type, write);
        return key;
    }

    /// <summary>Puts a part, again or for the first time.</summary>
    public void Part(string message, string key, string type, Action<Utf8JsonWriter> write) =>
        emit(SessionFormat.Part(place.SessionId, message, key, type, json =>
        {
            Marks(json, key);
            if (place.AgentSession is not null && type != "subagent")
                json.WriteString("agent_session", place.AgentSession); // that part names the one that it started
            write(json);
        }));

    /// <summary>Puts a reply as it is now.</summary>
    public void Put(AnswerState answer) => Message(answer.Key, "assistant", json =>
    {
        if (answer.Parent is not null) json.WriteString("parentID", answer.Parent);
        if (answer.Model is not null) json.WriteString("modelID", answer.Model);
        if (answer.Provider is not null) json.WriteString("providerID", answer.Provider);
        Time(json, answer.Created, answer.Completed);
        answer.Usage?.Write(json);
        if (answer.Completed is not null) json.WriteString("finish", answer.Calls > 0 ? "tool-calls" : "stop");
        if (answer.Error is null) return;
        json.WriteStartObject("error");
        json.WriteString("name", answer.Error);
        json.WriteStartObject("data");
        json.WriteString("message", answer.ErrorText ?? "");
        json.WriteEndObject();
        json.WriteEndObject();
    });

    /// <summary>Puts the state of the turn that a message began; subagents' turns belong to their parent's.</summary>
    public void Turn(string? message, string turnState)
    {
        if (message is not null && place.AgentSession is null)
            emit(SessionFormat.Turn(message, turnState));
    }

    /// <summary>Puts the part that stands for a record that is not known.</summary>
    public void Notice(string recordType)
    {
        AnswerState answer = Answer();
        answer.Parts++;
        string key = NextPart();
        Part(answer.Key, key, "notice", json => json.WriteString("record", recordType));
    }

    /// <summary>Ends the open reply: what follows belongs to another.</summary>
    public void Close()
    {
        if (Open is not { } open) return;
        open.IsClosed = true;
        if (open.Completed is not null) return;
        open.Completed = state.Time;
        Put(open);
    }

    /// <summary>Returns the key of the next part that comes from this line.</summary>
    public string NextPart()
    {
        string key = place.KeyOf(state.Line);
        int index = partsOfLine++;
        state.Parts++;
        state.MostParts = Math.Max(state.MostParts, partsOfLine);
        return index == 0 ? key : RolloutPlace.PartKey(key, index);
    }

    private void Message(string key, string role, Action<Utf8JsonWriter> write) =>
        emit(SessionFormat.Message(place.SessionId, key, role, place.AgentSession, json =>
        {
            Marks(json, key);
            write(json);
        }));

    private void Marks(Utf8JsonWriter json, string key)
    {
        if (state.IsUndone(place.LineOf(key))) json.WriteBoolean("undone", true);
    }

    private static void Time(Utf8JsonWriter json, long created, long? completed)
    {
        json.WriteStartObject("time");
        json.WriteNumber("created", created);
        if (completed is { } time) json.WriteNumber("completed", time);
        json.WriteEndObject();
    }
}

/// <summary>Where the documents of a rollout file belong.</summary>
/// <param name="SessionId">The session that is shared.</param>
/// <param name="Tag">Names the file in keys.</param>
/// <param name="AgentSession">The subagent's thread; null for the session itself.</param>
internal sealed record RolloutPlace(string SessionId, string Tag, string? AgentSession)
{
    private const int Digits = 8;

    public string KeyOf(int line) => $"{Tag}.{line.ToString("D8", CultureInfo.InvariantCulture)}";

    public int LineOf(string key) =>
        int.Parse(key.AsSpan(Tag.Length + 1, Digits), NumberStyles.None, CultureInfo.InvariantCulture);

    public static string PartKey(string key, int index) =>
        $"{key}.{index.ToString("D4", CultureInfo.InvariantCulture)}";

    /// <summary>Returns the removals of what a line may have made.</summary>
    public IEnumerable<DocumentChange> RemovalsOf(int line, int parts)
    {
        string key = KeyOf(line);
        for (int index = parts - 1; index > 0; index--)
            yield return SessionFormat.Removed(Kinds.Part, PartKey(key, index));
        yield return SessionFormat.Removed(Kinds.Part, key);
        yield return SessionFormat.Removed(Kinds.Message, key);
    }
}
