using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redaction;

/// <summary>
/// What a reader may see, by the <c>redact</c> and <c>readable</c> caveats of its chain; the only place that hides
/// content. Immutable; equal caveats have equal <see cref="Name"/>s.
/// </summary>
internal sealed class ReadProfile
{
    public static readonly ReadProfile Everything = new(HiddenContent.None, null, hidesComments: false);

    /// <summary>The kinds that comments are on: a reader for whom <c>readable</c> narrows one sees none.</summary>
    private static readonly string[] Commented = [Kinds.Message, Kinds.Part, Kinds.SessionDiff];

    private readonly bool hidesComments;
    private readonly HiddenContent hidden;
    private readonly SortedDictionary<string, SortedSet<string>?>? readable;

    private ReadProfile(
        HiddenContent hidden, SortedDictionary<string, SortedSet<string>?>? readable, bool hidesComments)
    {
        this.hidesComments = hidesComments;
        this.hidden = hidden;
        this.readable = readable;
        Name = $"{(int)hidden}{(hidesComments ? "-" : "")}" + (readable is null
            ? ""
            : string.Concat(readable.Select(entry =>
                $"|{entry.Key}:{(entry.Value is null ? "*" : string.Concat(entry.Value.Select(Counted)))}")));
    }

    /// <summary>Gets a name that no other profile has, whatever a caller calls its fields.</summary>
    public string Name { get; }

    private static string Counted(string field) => $"{field.Length}.{field}";

    public bool IsEverything => !IsNarrowed && !hidesComments;

    /// <summary>Whether <c>redact</c> or <c>readable</c> hides anything.</summary>
    private bool IsNarrowed => hidden != HiddenContent.None || readable is not null;

    /// <summary>
    /// Gets whether a caveat says which kinds or fields may be read, or not read, beyond the classes of texts.
    /// </summary>
    public bool NamesFields => readable is not null || hidesComments;

    /// <summary>Returns whether the reader sees all that one sees from whom these are hidden.</summary>
    public bool HidesAtMost(HiddenContent most) => (hidden & ~most) == HiddenContent.None;

    public IReadOnlyList<string>? ToRedact()
    {
        var words = new List<string>();
        if (hidden.HasFlag(HiddenContent.Tools)) words.Add(Redactions.Tools);
        if (hidden.HasFlag(HiddenContent.Reasoning)) words.Add(Redactions.Reasoning);
        if (hidden.HasFlag(HiddenContent.Files)) words.Add(Redactions.Files);
        return words.Count > 0 ? words : null;
    }

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
                    // Of a newer server: hide all it could mean.
                    _ => HiddenContent.Tools | HiddenContent.Reasoning | HiddenContent.Files,
                };
            }

            if (caveats.Readable is { } more) readable = Intersect(readable, more);
        }

        var profile = new ReadProfile(hidden, readable, chain.Any(caveats => caveats.NoComments == true));
        return profile.IsEverything ? Everything : profile;
    }

    /// <summary>Returns whether this reader sees what a comment of a class is on.</summary>
    public bool ShowsTarget(ContentClass comment) => !IsNarrowed || TreeOf(Kinds.Comment, comment) is not null;

    /// <summary>Returns whether this reader sees a comment of a class.</summary>
    public bool ShowsComment(ContentClass comment) => !hidesComments && ShowsTarget(comment);

    /// <summary>Returns the op as this reader may see it: as it is, with less data, or hidden ([REDACT-3]).</summary>
    public LoggedOp Show(LoggedOp op)
    {
        if (hidesComments && op.Kind == Kinds.Comment) return Hide(op);
        if (!IsNarrowed) return op;
        bool wasVisible = TreeOf(op.Kind, (ContentClass)op.ClassBefore) is not null;
        FieldTree? tree = TreeOf(op.Kind, (ContentClass)op.ContentClass);
        if (op.Verb == Verbs.Remove) return wasVisible ? op : Hide(op);
        if (tree is null) return wasVisible ? Reduce(op, Verbs.Remove) : Hide(op);
        if (op.Data is not { } data) return op;
        if (op.Verb == Verbs.Append) return ShowAppend(op, data, tree);
        RawJson shown = JsonFilter.Copy(data, tree, name => IsReadable(op.Kind, name), out bool isWhole);
        return isWhole ? op : OpEncoding.Encode(op with { Data = shown, Redacted = true, Encoded = default });
    }

    /// <summary>Returns the document as this reader may see it; null when it may not.</summary>
    public Document? Show(Document document, ContentClass contentClass)
    {
        if (hidesComments && document.Kind == Kinds.Comment) return null;
        if (!IsNarrowed) return document;
        if (TreeOf(document.Kind, contentClass) is not { } tree) return null;
        RawJson shown = JsonFilter.Copy(
            document.Data, tree, name => IsReadable(document.Kind, name), out bool isWhole);
        return isWhole ? document : document with { Data = shown, Redacted = true };
    }

    private static LoggedOp Hide(LoggedOp op) => OpEncoding.Encode(new LoggedOp
    {
        Cursor = op.Cursor, OpId = "", Verb = "", Kind = "", Key = "", Actor = "", TimeMs = 0, SchemaVersion = 0,
        Hidden = true,
    });

    /// <summary>Leaves the document that the op touches, and what becomes of it for this reader.</summary>
    private static LoggedOp Reduce(LoggedOp op, string verb) => OpEncoding.Encode(new LoggedOp
    {
        Cursor = op.Cursor, OpId = "", Verb = verb, Kind = op.Kind, Key = op.Key, Actor = "", TimeMs = 0,
        SchemaVersion = 0, Redacted = true,
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

    /// <summary>Returns what may be seen of a document: by its kind and class alone.</summary>
    private FieldTree? TreeOf(string kind, ContentClass contentClass)
    {
        bool isGone = contentClass == ContentClass.Absent || contentClass.HasFlag(ContentClass.Undone);
        if (isGone || IsEachField(kind) is not { } isEach) return null;
        if (isEach && contentClass.HasFlag(ContentClass.Array)) return null; // it has no fields
        if (kind == Kinds.Comment && !IsCommentShown(contentClass)) return null;
        return hidden == HiddenContent.None
            ? FieldTree.All : KnownFields.Of(kind, ContentClasses.Unmarked(contentClass), hidden);
    }

    /// <summary>Returns whether what a comment is on may be seen, by <c>readable</c>.</summary>
    private bool IsCommentShown(ContentClass contentClass) => ContentClasses.Unmarked(contentClass)
        != ContentClass.Unknown && (readable is null || Commented.All(IsWhole));

    private bool IsWhole(string kind) => readable!.TryGetValue(kind, out SortedSet<string>? fields) && fields is null;

    /// <summary>Returns whether <c>readable</c> names the fields of a kind; null when it leaves the kind out.</summary>
    private bool? IsEachField(string kind)
    {
        if (readable is null) return false;
        return readable.TryGetValue(kind, out SortedSet<string>? fields) ? fields is not null : null;
    }

    private bool IsReadable(string kind, string field) =>
        readable is null || readable[kind] is not { } fields || fields.Contains(field);

    /// <summary>Omits appends to hidden fields, and unknown members.</summary>
    private LoggedOp ShowAppend(LoggedOp op, RawJson data, FieldTree tree)
    {
        using JsonDocument append = data.ToDocument();
        JsonMembers.TryFind(append.RootElement, "field"u8, out JsonElement field);
        JsonMembers.TryFind(append.RootElement, "text"u8, out JsonElement text);
        string name = field.GetString()!;
        bool isShown = tree.Find(name) is { Type: FieldType.Text or FieldType.Anything } && IsReadable(op.Kind, name);
        if (!isShown) return Reduce(op, verb: "");
        var output = new ArrayBufferWriter<byte>(data.Utf8.Length);
        output.Write("{\"field\":"u8);
        output.Write(JsonMarshal.GetRawUtf8Value(field));
        output.Write(",\"text\":"u8);
        output.Write(JsonMarshal.GetRawUtf8Value(text));
        output.Write("}"u8);
        return OpEncoding.Encode(op with { Data = new RawJson(output.WrittenMemory), Encoded = default });
    }
}
