using System.Text.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.GeminiCli;

/// <summary>
/// Turns the records of one conversation into documents: a record replaces the one of the same id, a list stands for
/// what the model is told from now on (never for what is gone), a rewind undoes what came since.
/// </summary>
/// <param name="place">Whose documents.</param>
/// <param name="state">Of the conversation; changed.</param>
/// <param name="history">The messages so far.</param>
/// <param name="emit">Takes each document.</param>
internal sealed class ChatFold(ChatPlace place, ChatState state, ChatHistory history, Action<DocumentChange> emit)
{
    private readonly ChatDocuments documents = new(place, state, emit);
    private (string Tag, int Line, long Offset) at;

    /// <summary>Gets whether messages of the same id may be in another file.</summary>
    public bool HasOtherFiles { get; init; }

    /// <summary>Called with the type of each record that is not known.</summary>
    public Action<string>? Unknown { get; init; }

    /// <summary>Reads a message once more: file, offset, place in its list.</summary>
    public Func<string, long, int, JsonDocument?>? ReadAgain { get; init; }

    /// <summary>Takes a line of a file.</summary>
    public void Add(string tag, int line, long offset, FileLine text)
    {
        at = (tag, line, offset);
        if (text.IsTooLong)
        {
            Notice("line too long");
            return;
        }

        if (text.Utf8.Span.Trim(" \t\r\0"u8).IsEmpty) return;
        using JsonDocument? record = RecordFields.Parse(text.Utf8);
        if (record is null) Notice("not JSON");
        else Add(record.RootElement);
    }

    /// <summary>Takes a whole document of the older form, which had a number of messages before.</summary>
    public void AddWhole(string tag, JsonElement root, int before)
    {
        Header(root);
        at = (tag, 0, 0);
        int index = 0;
        foreach (JsonElement message in root.Items("messages")) Put(new ChatMessage(message), null, index++);
        for (; index < before; index++)
        {
            string key = ChatPlace.KeyOf(tag, 0, index);
            foreach (DocumentChange gone in ChatPlace.Removals(key, state.MostParts)) emit(gone);
        }
    }

    private void Add(JsonElement root)
    {
        if (root.Object("$set") is { } set)
        {
            state.Summary = set.Text("summary") ?? state.Summary;
            if (set.Find("messages") is { ValueKind: JsonValueKind.Array }) Replace([.. set.Items("messages")]);
        }
        else if (root.Find("$rewindTo") is not null)
        {
            Rewind(root.Text("$rewindTo"));
        }
        else if (root.Text("id") is { } id)
        {
            var message = new ChatMessage(root);
            Put(message, Find(id, message), 0);
        }
        else if (root.Text("sessionId") is not null)
        {
            Header(root);
        }
        else
        {
            Notice("record");
        }
    }

    private void Header(JsonElement root)
    {
        if (state.Created == 0) state.Created = root.Time("startTime") ?? 0;
        state.Summary = root.Text("summary") ?? state.Summary;
    }

    /// <summary>Returns the message that a record replaces; null if it is new.</summary>
    private KnownMessage? Find(string id, ChatMessage message)
    {
        char role = message.Digest[0];
        KnownMessage? known = state.Recent.FindLast(recent => recent.Id == id && recent.Digest[0] == role);
        if (known is not null || !HasOtherFiles) return known;
        Load();
        return history.All.LastOrDefault(one => one.Id == id && one.Digest[0] == role && !one.IsUndone);
    }

    /// <summary>Takes a list: keeps what is known as it is, and puts what is not.</summary>
    private void Replace(List<JsonElement> list)
    {
        List<(ChatMessage Message, int Index)> said = [];
        bool isAnswered = false;
        for (int index = 0; index < list.Count; index++)
        {
            var message = new ChatMessage(list[index]);
            if (message.Role == ChatRole.Added)
            {
                documents.Results(message);
                continue;
            }

            // The model's confirmation of a summary is part of it.
            if (!isAnswered || message.Role != ChatRole.Model) said.Add((message, index));
            isAnswered = message.Role == ChatRole.Snapshot;
        }

        if (said.Count == 0) return; // at each start, and for a moment at each resumption
        Load();
        KnownMessage?[] known = history.Match([.. said.Select(one => (one.Message.Id, one.Message.Digest))]);
        state.Of(at.Tag).NoteList(at.Line, list.Count);
        for (int index = 0; index < said.Count; index++)
        {
            if (known[index] is { } same) same.Id = said[index].Message.Id ?? same.Id;
            else Put(said[index].Message, null, said[index].Index);
        }

        for (int index = 0; index < said.Count; index++)
        {
            if (known[index] is { } same) state.Remember(same);
        }
    }

    private void Rewind(string? id)
    {
        Load();
        int from = history.All.ToList().FindLastIndex(message => message.Id == id && !message.IsUndone);
        foreach (KnownMessage message in history.All.Skip(Math.Max(0, from)).Where(one => !one.IsUndone).ToList())
        {
            message.IsUndone = true;
            using JsonDocument? record = ReadAgain?.Invoke(message.File, message.Offset, message.Index);
            if (record is not null) documents.Put(new ChatMessage(record.RootElement), message);
        }

        state.User = history.All.LastOrDefault(one => !one.IsUndone && one.Digest[0] == '0')?.Key;
    }

    private void Load()
    {
        if (history.IsLoaded) return;
        history.Unite(state);
    }

    private void Put(ChatMessage message, KnownMessage? known, int index)
    {
        ChatRole role = message.Role;
        if (role == ChatRole.Added)
        {
            documents.Results(message);
            return;
        }

        if (role == ChatRole.Unknown) Unknown?.Invoke(message.Type);
        known ??= New(message, index);
        (known.Digest, known.File, known.Offset, known.Index) = (message.Digest, at.Tag, at.Offset, index);
        documents.Put(message, known);
        state.Remember(known);
    }

    private KnownMessage New(ChatMessage message, int index)
    {
        state.Time = Math.Max(state.Time, message.Json.Time("timestamp") ?? 0);
        var known = new KnownMessage
        {
            Key = ChatPlace.KeyOf(at.Tag, at.Line, index), Id = message.Id, Created = state.Time, Parent = state.User,
        };
        if (message.Role == ChatRole.Added) return known;
        state.Messages++;
        history.Add(known);
        if (message.Role != ChatRole.User) return known;
        if (state.User is { } before && place.AgentSession is null)
            emit(SessionFormat.Turn(before, TurnStates.Completed));
        known.Parent = null;
        state.User = known.Key;
        state.FirstText ??= FirstLine.Of(message.ShownText);
        return known;
    }

    private void Notice(string type)
    {
        Unknown?.Invoke(type);
        var known = new KnownMessage
        {
            Key = ChatPlace.KeyOf(at.Tag, at.Line, 0), Created = state.Time, Parent = state.User, Digest = "5",
            IsUndone = false,
        };
        state.Messages++;
        documents.Notice(known, type, null);
    }
}
