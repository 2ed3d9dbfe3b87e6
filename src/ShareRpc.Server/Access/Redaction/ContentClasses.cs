using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redaction;

/// <summary>What an op's document is about after it: decided inside the commit, and stored with the op.</summary>
internal static class ContentClasses
{
    private static readonly Dictionary<string, ContentClass> ByPartType = new(StringComparer.Ordinal)
    {
        ["text"] = ContentClass.Plain, ["step-start"] = ContentClass.Plain, ["step-finish"] = ContentClass.Plain, ["agent"] =
            ContentClass.Plain,
        ["retry"] = ContentClass.Plain, ["compaction"] = ContentClass.Plain, ["reasoning"] = ContentClass.Reasoning, ["tool"] =
            ContentClass.Tool,
        ["subtask"] = ContentClass.Tool, ["file"] = ContentClass.File, ["patch"] = ContentClass.File, ["snapshot"] = ContentClass.File,
    };

    /// <summary>
    /// The class of a well-formed op's document after the op, as far as the op says it; null when it is the document's own (for a removal,
    /// as it was before).
    /// </summary>
    public static ContentClass? OfOpItself(OpIntent op)
    {
        if (op.Kind != Kinds.Part) return OfKind(op.Kind);
        if (op.Verb == Verbs.Put) return OfPart(op.Data!.Value);
        return op.Verb == Verbs.Append && DecidesClass(op.Data!.Value) ? ContentClass.Unknown : null;
    }

    /// <summary>The class of a whole document.</summary>
    public static ContentClass Of(string kind, RawJson data) => kind == Kinds.Part ? OfPart(data) : OfKind(kind);

    private static ContentClass OfKind(string kind) => kind switch
    {
        Kinds.Session or Kinds.Message or Kinds.Todo or Kinds.Turn or Kinds.Model => ContentClass.Plain,
        Kinds.SessionDiff => ContentClass.File,
        _ => ContentClass.Unknown,
    };

    /// <summary>By <c>type</c>; text that is <c>synthetic</c> is what a tool put there, the content of a file mostly.</summary>
    private static ContentClass OfPart(RawJson data)
    {
        var reader = new Utf8JsonReader(data.Utf8.Span, new JsonReaderOptions { MaxDepth = 64 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return ContentClass.Unknown;
        var found = ContentClass.Unknown;
        bool isSynthetic = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isType = JsonMembers.Spells(reader.ValueSpan, "type"u8);
            bool isMark = !isType && JsonMembers.Spells(reader.ValueSpan, "synthetic"u8);
            reader.Read();
            if (isType) found = reader.TokenType == JsonTokenType.String ? OfType(reader.ValueSpan) : ContentClass.Unknown;
            if (isMark) isSynthetic = reader.TokenType is not (JsonTokenType.False or JsonTokenType.Null);
            reader.Skip();
        }

        return isSynthetic && found == ContentClass.Plain ? ContentClass.File : found;
    }

    private static ContentClass OfType(ReadOnlySpan<byte> word)
    {
        foreach ((string type, ContentClass contentClass) in ByPartType)
        {
            if (word.Length == type.Length && System.Text.Ascii.Equals(word, type)) return contentClass;
        }

        return ContentClass.Unknown;
    }

    /// <summary>An append to the very field that says what the part is: from there on nobody knows.</summary>
    private static bool DecidesClass(RawJson data)
    {
        using JsonDocument append = data.ToDocument();
        return JsonMembers.TryFind(append.RootElement, "field"u8, out JsonElement field)
            && (JsonMembers.IsText(field, "type"u8) || JsonMembers.IsText(field, "synthetic"u8));
    }
}
