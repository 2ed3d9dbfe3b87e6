using System.Text.Json;
using System.Text.Unicode;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.Tests.Sources.Following;

/// <summary>A session as a share holds it after one or more passes: what was put last and not removed.</summary>
internal sealed class ReadSession
{
    private readonly Dictionary<(string Kind, string Key), JsonElement> documents = [];

    public string? Bookmark { get; private set; }

    public int Changes { get; private set; }

    public SourceReport Report { get; private set; } = new(0, 0, new Dictionary<string, int>());

    public IReadOnlyDictionary<(string Kind, string Key), JsonElement> Documents => documents;

    public JsonElement Session => Assert.Single(Of(Kinds.Session));

    public IEnumerable<JsonElement> Messages => Of(Kinds.Message);

    public IEnumerable<JsonElement> Parts => Of(Kinds.Part);

    public IEnumerable<JsonElement> Tools => Parts.Where(part => part.Text("type") == "tool");

    /// <summary>Reads a session from its start.</summary>
    public static ReadSession Whole(IAgentStorage storage, string? id = null)
    {
        var read = new ReadSession();
        read.Pass(storage, id);
        return read;
    }

    public static ReadSession Whole(IAgentStorage storage, AgentSession session)
    {
        var read = new ReadSession();
        read.Pass(storage, session);
        return read;
    }

    /// <summary>Reads on, with a reader that knows nothing but the bookmark; stops after a number of steps.</summary>
    public int Pass(IAgentStorage storage, string? id = null, int steps = int.MaxValue)
    {
        return Pass(storage, storage.Sessions().First(one => id is null || one.Id == id), steps);
    }

    public int Pass(IAgentStorage storage, AgentSession session, int steps = int.MaxValue)
    {
        using ISessionReader reader = storage.Open(session, Bookmark);
        return Take(reader, steps);
    }

    public int Take(ISessionReader reader, int steps = int.MaxValue)
    {
        int before = Changes;
        foreach (SourceStep step in reader.Read().Take(steps))
        {
            Assert.True(step.Changes.Count <= 500, "a step is too large");
            foreach (DocumentChange change in step.Changes) Apply(change);
            Bookmark = step.Bookmark;
        }

        Report = reader.Report;
        return Changes - before;
    }

    /// <summary>Returns the parts of a message in their order.</summary>
    public IEnumerable<JsonElement> PartsOf(JsonElement message) => documents
        .Where(entry => entry.Key.Kind == Kinds.Part && entry.Value.Text("messageID") == message.Text("id"))
        .OrderBy(entry => entry.Key.Key, StringComparer.Ordinal).Select(entry => entry.Value);

    /// <summary>Returns the messages in the order in which they are shown.</summary>
    public IEnumerable<JsonElement> InOrder() => Messages
        .OrderBy(message => message.Number("time", "created"))
        .ThenBy(message => message.Text("id"), StringComparer.Ordinal);

    /// <summary>Returns what is shown, a line a part: role, type and text.</summary>
    public IEnumerable<string> Shown() => InOrder().SelectMany(message => PartsOf(message).Select(part =>
        $"{message.Text("role")}{(part.IsTrue("undone") ? " undone" : "")} {part.Text("type")} "
        + (part.Text("text") ?? part.Text("summary") ?? part.Text("tool") ?? part.Text("record") ?? "")));

    /// <summary>Asserts that this holds what another holds; the turn of a message that is gone stays.</summary>
    /// <param name="expected">What it should hold.</param>
    /// <param name="when">Where the test is.</param>
    /// <param name="withTurns">False after a file was replaced: a turn that has ended stays as it is.</param>
    public void AssertSame(ReadSession expected, string when = "", bool withTurns = true)
    {
        string[] all = [.. expected.Lines(withTurns)];
        string[] held = [.. Lines(withTurns)];
        string missing = string.Join('\n', all.Except(held).Take(2));
        string extra = string.Join('\n', held.Except(all).Take(2));
        Assert.True(missing.Length + extra.Length == 0, $"{when}\nmissing: {missing}\nextra:   {extra}");
    }

    private IEnumerable<string> Lines(bool withTurns) => documents
        .Where(entry => entry.Key.Kind != Kinds.Turn
            || (withTurns && documents.ContainsKey((Kinds.Message, entry.Key.Key))))
        .OrderBy(entry => entry.Key).Select(entry => $"{entry.Key} {entry.Value}");

    private IEnumerable<JsonElement> Of(string kind) =>
        documents.Where(entry => entry.Key.Kind == kind).OrderBy(entry => entry.Key.Key, StringComparer.Ordinal)
            .Select(entry => entry.Value);

    private void Apply(DocumentChange change)
    {
        (string, string) key = (change.Kind, change.Key);
        if (change.Data is not { } data)
        {
            if (documents.Remove(key)) Changes++;
            return;
        }

        Assert.True(Utf8.IsValid(data.Utf8.Span), $"{key} is no UTF-8");
        var op = new OpIntent { OpId = "op", Verb = Verbs.Put, Kind = change.Kind, Key = change.Key, Data = data };
        Assert.True(OpRules.Check(op, ProtocolLimits.Default) is null, $"{key} is no document: {data}");
        JsonElement document = JsonDocument.Parse(data.Utf8).RootElement;
        if (document.ValueKind == JsonValueKind.Object)
            Assert.Distinct(document.EnumerateObject().Select(member => member.Name));
        if (documents.TryGetValue(key, out JsonElement known) && known.GetRawText() == document.GetRawText()) return;
        SessionFormatSchema.AssertHolds(change.Kind, change.Key, document);
        documents[key] = document;
        Changes++;
    }
}
