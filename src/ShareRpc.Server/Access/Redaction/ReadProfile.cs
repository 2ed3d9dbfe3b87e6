using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redaction;

/// <summary>
/// What a reader may see: the <c>redact</c> and <c>readable</c> caveats of its chain together. The one place that hides anything; every
/// way out goes through it. Immutable; readers with the same caveats have the same <see cref="Name"/>.
/// </summary>
internal sealed class ReadProfile
{
    /// <summary>Nothing is hidden.</summary>
    public static readonly ReadProfile Everything = new(HiddenContent.None, null);

    private readonly HiddenContent hidden;
    private readonly SortedDictionary<string, SortedSet<string>?>? readable;

    private ReadProfile(HiddenContent hidden, SortedDictionary<string, SortedSet<string>?>? readable)
    {
        this.hidden = hidden;
        this.readable = readable;
        Name = $"{(int)hidden}" + (readable is null
            ? ""
            : string.Concat(readable.Select(entry => $"|{entry.Key}:{(entry.Value is null ? "*" : string.Join(',', entry.Value))}")));
    }

    public string Name { get; }

    public bool IsEverything => hidden == HiddenContent.None && readable is null;

    /// <summary>The <c>redact</c> caveat that says the same; null for none.</summary>
    public IReadOnlyList<string>? ToRedact()
    {
        var words = new List<string>();
        if (hidden.HasFlag(HiddenContent.Tools)) words.Add(Redactions.Tools);
        if (hidden.HasFlag(HiddenContent.Reasoning)) words.Add(Redactions.Reasoning);
        if (hidden.HasFlag(HiddenContent.Files)) words.Add(Redactions.Files);
        return words.Count > 0 ? words : null;
    }

    /// <summary>The <c>readable</c> caveat that says the same; null for none.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>?>? ToReadable() =>
        readable?.ToDictionary(entry => entry.Key, entry => (IReadOnlyList<string>?)entry.Value?.ToList());

    public static ReadProfile Of(IReadOnlyList<Caveats> chain)
    {
        var hidden = HiddenContent.None;
        SortedDictionary<string, SortedSet<string>?>? readable = null;
        foreach (Caveats caveats in chain)
        {
            foreach (string word in caveats.Redact ?? [])
            {
                hidden |= word switch
                {
                    Redactions.Tools => HiddenContent.Tools,
                    Redactions.Reasoning => HiddenContent.Reasoning,
                    Redactions.Files => HiddenContent.Files | HiddenContent.Tools,
                    _ => HiddenContent.Tools | HiddenContent.Reasoning | HiddenContent.Files, // of a newer server: hide all it could mean
                };
            }

            if (caveats.Readable is { } more) readable = Intersect(readable, more);
        }

        return hidden == HiddenContent.None && readable is null ? Everything : new ReadProfile(hidden, readable);
    }

    /// <summary>The op as this reader may see it: as it is, with less data, or hidden but for its cursor.</summary>
    public LoggedOp Show(LoggedOp op)
    {
        if (IsEverything) return op;
        if (TreeOf(op.Kind, (ContentClass)op.ContentClass) is not { } tree) return Hide(op);
        if (op.Data is not { } data) return op;
        if (op.Verb == Verbs.Append) return ShowAppend(op, data, tree);
        RawJson shown = JsonFilter.Copy(data, tree, name => IsReadable(op.Kind, name), out bool isWhole);
        return isWhole ? op : OpEncoding.Encode(op with { Data = shown, Redacted = true, Encoded = default });
    }

    /// <summary>The document as this reader may see it; null when it may not.</summary>
    public Document? Show(Document document)
    {
        if (IsEverything) return document;
        if (TreeOf(document.Kind, ContentClasses.Of(document.Kind, document.Data)) is not { } tree) return null;
        RawJson shown = JsonFilter.Copy(document.Data, tree, name => IsReadable(document.Kind, name), out bool isWhole);
        return isWhole ? document : document with { Data = shown, Redacted = true };
    }

    private static LoggedOp Hide(LoggedOp op) => OpEncoding.Encode(new LoggedOp
    {
        Cursor = op.Cursor, OpId = "", Verb = "", Kind = "", Key = "", Actor = "", TimeMs = 0, SchemaVersion = 0, Hidden = true,
    });

    private static SortedDictionary<string, SortedSet<string>?> Intersect(
        SortedDictionary<string, SortedSet<string>?>? left, IReadOnlyDictionary<string, IReadOnlyList<string>?> right)
    {
        var both = new SortedDictionary<string, SortedSet<string>?>(StringComparer.Ordinal);
        foreach ((string kind, IReadOnlyList<string>? fields) in right)
        {
            SortedSet<string>? allowed = fields is null ? null : new SortedSet<string>(fields, StringComparer.Ordinal);
            if (left is not null)
            {
                if (!left.TryGetValue(kind, out SortedSet<string>? before)) continue;
                if (before is not null && allowed is not null) allowed.IntersectWith(before);
                allowed ??= before;
            }

            both.Add(kind, allowed);
        }

        return both;
    }

    private FieldTree? TreeOf(string kind, ContentClass contentClass)
    {
        if (readable?.ContainsKey(kind) == false) return null;
        return hidden == HiddenContent.None ? FieldTree.All : KnownFields.Of(kind, contentClass, hidden);
    }

    private bool IsReadable(string kind, string field) => readable is null || readable[kind] is not { } fields || fields.Contains(field);

    /// <summary>What is added to a field that may not be seen is not there; nor are members that nobody asked for.</summary>
    private LoggedOp ShowAppend(LoggedOp op, RawJson data, FieldTree tree)
    {
        using JsonDocument append = data.ToDocument();
        if (!JsonMembers.TryFind(append.RootElement, "field"u8, out JsonElement field)
            || !JsonMembers.TryFind(append.RootElement, "text"u8, out JsonElement text)) return Hide(op);
        string name = field.GetString()!;
        if (tree.Find(name) is not { IsAll: true } || !IsReadable(op.Kind, name)) return Hide(op);
        var output = new ArrayBufferWriter<byte>(data.Utf8.Length);
        output.Write("{\"field\":"u8);
        output.Write(JsonMarshal.GetRawUtf8Value(field));
        output.Write(",\"text\":"u8);
        output.Write(JsonMarshal.GetRawUtf8Value(text));
        output.Write("}"u8);
        return OpEncoding.Encode(op with { Data = new RawJson(output.WrittenMemory), Encoded = default });
    }
}
