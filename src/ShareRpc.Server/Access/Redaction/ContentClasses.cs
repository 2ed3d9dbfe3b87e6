using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redaction;

/// <summary>
/// Decides what an op's document is about after it (SPEC [REDACT-2]): a put by its data, an append never more visible
/// than it was. It happens inside the commit, and is stored with the op.
/// </summary>
internal static class ContentClasses
{
    /// <summary>Longer than any listed name, were each of its letters an escape.</summary>
    private const int LongestName = 128;

    private static readonly Dictionary<string, ContentClass> ByPartType = new(StringComparer.Ordinal)
    {
        ["text"] = ContentClass.Plain, ["step-start"] = ContentClass.Plain, ["step-finish"] = ContentClass.Plain,
        ["agent"] = ContentClass.Plain, ["retry"] = ContentClass.Plain, ["compaction"] = ContentClass.Plain,
        ["plan"] = ContentClass.Plain, ["notice"] = ContentClass.Plain, ["subagent"] = ContentClass.Tool,
        ["reasoning"] = ContentClass.Reasoning, ["tool"] = ContentClass.Tool, ["subtask"] = ContentClass.Tool,
        ["file"] = ContentClass.File, ["patch"] = ContentClass.File, ["snapshot"] = ContentClass.File,
    };

    /// <summary>
    /// Returns the class after a well-formed put or remove; null for an append, which depends on the class before.
    /// </summary>
    public static ContentClass? OfOpItself(OpIntent op) => op.Verb switch
    {
        Verbs.Put => OfPut(op.Kind, op.Data!.Value),
        Verbs.Remove => ContentClass.Absent,
        _ => null,
    };

    /// <summary>Returns the class after an append: that of before, or none that is known.</summary>
    public static ContentClass AfterAppend(OpIntent op, ContentClass before)
    {
        if (before == ContentClass.Absent) return ContentClass.Unknown;
        if (before.HasFlag(ContentClass.Undone)) return before;
        ContentClass unknown = ContentClass.Unknown | (before & ContentClass.Array);
        bool isKnown = KnownFields.Of(op.Kind, before, HiddenContent.None) is not null;
        if (!isKnown) return unknown; // with a mark, too: what the text was added to is not what is listed
        using JsonDocument append = op.Data!.Value.ToDocument();
        JsonMembers.TryFind(append.RootElement, "field"u8, out JsonElement field);
        string name = field.GetString()!;
        bool decidesClass = op.Kind == Kinds.Part && name is "type" or "synthetic";
        FieldType? listed = KnownFields.Of(op.Kind, before, HiddenContent.None)!.Find(name)?.Type;
        return decidesClass || listed is not (null or FieldType.Text or FieldType.Anything) ? unknown : before;
    }

    /// <summary>
    /// Returns whether a put that leaves a document so may hide it from somebody who saw it: only then does it matter
    /// what it was before.
    /// </summary>
    public static bool MayHide(string kind, ContentClass after) =>
        (after & (ContentClass.Array | ContentClass.Undone)) != 0
        || (Unmarked(after) is not (ContentClass.Plain or ContentClass.Tool) && OfKind(kind) is not null);

    /// <summary>Returns the class of a new comment on a document (SPEC [COMMENT-6]).</summary>
    public static ContentClass OfComment(ContentClass target) =>
        target == ContentClass.Absent || target.HasFlag(ContentClass.Undone) ? ContentClass.Unknown : Unmarked(target);

    /// <summary>
    /// Returns what the class of a comment becomes with its document's: hidden, or as it was made. What was said of
    /// something hidden is not shown because that is gone.
    /// </summary>
    public static ContentClass OfComment(ContentClass target, ContentClass comment) =>
        ((Unmarked(target) ^ comment) & ~ContentClass.Undone) == 0 ? Unmarked(target) : ContentClass.Unknown;

    /// <summary>Returns the class without its marks.</summary>
    public static ContentClass Unmarked(ContentClass contentClass) =>
        contentClass & ~(ContentClass.Array | ContentClass.Odd | ContentClass.Settled);

    /// <summary>
    /// Returns what documents of a kind are about; unknown for parts, whose type says it; null for other kinds.
    /// </summary>
    private static ContentClass? OfKind(string kind) => kind switch
    {
        Kinds.Session or Kinds.Message or Kinds.Todo or Kinds.Turn or Kinds.Model => ContentClass.Plain,
        Kinds.SessionDiff => ContentClass.File,
        Kinds.Part => ContentClass.Unknown,
        _ => null,
    };

    private static ContentClass OfPut(string kind, RawJson data)
    {
        bool isArray = IsArray(data);
        if (OfKind(kind) is not { } byKind) return isArray ? ContentClass.Array : ContentClass.Unknown;
        if (isArray)
            return ContentClass.Array | (kind is Kinds.Todo or Kinds.SessionDiff ? byKind : ContentClass.Unknown);
        bool isUndone = false;
        ContentClass found = kind == Kinds.Part ? OfPart(data, out isUndone) : byKind;
        if (kind == Kinds.Message) isUndone = IsUndone(data);
        ContentClass undone = isUndone ? ContentClass.Undone : 0;
        if (found == ContentClass.Unknown) return found | undone;
        bool isOdd = HasOddText(data, KnownFields.Of(kind, found, HiddenContent.None)!);
        return found | undone | (isOdd ? ContentClass.Odd : 0);
    }

    /// <summary>Returns whether a member says that the user took the document back.</summary>
    private static bool IsUndone(RawJson data)
    {
        Utf8JsonReader reader = Begin(data);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isMark = JsonMembers.Spells(reader.ValueSpan, "undone"u8);
            reader.Read();
            if (isMark && IsSet(ref reader)) return true;
            reader.Skip();
        }

        return false;
    }

    private static bool IsSet(ref Utf8JsonReader reader) =>
        reader.TokenType is not (JsonTokenType.False or JsonTokenType.Null);

    private static Utf8JsonReader Begin(RawJson data)
    {
        var reader = new Utf8JsonReader(data.Utf8.Span, new JsonReaderOptions { MaxDepth = 64 });
        reader.Read();
        return reader;
    }

    private static bool IsArray(RawJson data) => Begin(data).TokenType == JsonTokenType.StartArray;

    /// <summary>
    /// Classifies by <c>type</c>; <c>synthetic</c> text comes from tools, mostly file content. What a subagent was told
    /// and said, marked with <c>agent_session</c>, is a tool's input and output.
    /// </summary>
    private static ContentClass OfPart(RawJson data, out bool isUndone)
    {
        Utf8JsonReader reader = Begin(data);
        var found = ContentClass.Unknown;
        bool isSynthetic = false;
        bool isOfSubagent = false;
        isUndone = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isType = JsonMembers.Spells(reader.ValueSpan, "type"u8);
            bool isMark = !isType && JsonMembers.Spells(reader.ValueSpan, "synthetic"u8);
            bool isUndo = !isType && JsonMembers.Spells(reader.ValueSpan, "undone"u8);
            isOfSubagent |= JsonMembers.Spells(reader.ValueSpan, "agent_session"u8);
            reader.Read();
            isUndone |= isUndo && IsSet(ref reader);
            if (isType) found = reader.TokenType == JsonTokenType.String
                ? OfType(reader.ValueSpan) : ContentClass.Unknown;
            if (isMark) isSynthetic = IsSet(ref reader);
            reader.Skip();
        }

        if (found is not (ContentClass.Plain or ContentClass.File)) return found;
        return isOfSubagent ? ContentClass.Tool : isSynthetic ? ContentClass.File : found;
    }

    private static ContentClass OfType(ReadOnlySpan<byte> word)
    {
        foreach ((string type, ContentClass contentClass) in ByPartType)
        {
            if (word.Length == type.Length && System.Text.Ascii.Equals(word, type)) return contentClass;
        }

        return ContentClass.Unknown;
    }

    /// <summary>
    /// Returns whether a listed text field is repeated, or holds something else: then an append replaces it.
    /// </summary>
    private static bool HasOddText(RawJson data, FieldTree listed)
    {
        Utf8JsonReader reader = Begin(data);
        HashSet<FieldTree>? seen = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            FieldTree? field = Find(ref reader, listed);
            reader.Read();
            bool isText = reader.TokenType is JsonTokenType.String or JsonTokenType.Null;
            if (field is { Type: FieldType.Text })
            {
                seen ??= new(ReferenceEqualityComparer.Instance);
                if (!isText || !seen.Add(field)) return true;
            }

            reader.Skip();
        }

        return false;
    }

    private static FieldTree? Find(ref Utf8JsonReader reader, FieldTree listed)
    {
        if (reader.ValueSpan.Length > LongestName) return null;
        if (!reader.ValueIsEscaped) return listed.Find(reader.ValueSpan);
        try
        {
            return listed.Find(reader.GetString()!);
        }
        catch (InvalidOperationException)
        {
            return null; // a lone surrogate, which no listed name has
        }
    }
}
