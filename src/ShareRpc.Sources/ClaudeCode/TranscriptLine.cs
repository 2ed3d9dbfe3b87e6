using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>A line of a transcript: what it is about, and its place in the tree of the conversation.</summary>
internal sealed class TranscriptLine : IDisposable
{
    private const int LongestLine = 32 * 1024 * 1024;

    private readonly JsonDocument? document;

    private TranscriptLine(JsonDocument? document, long offset, int length, string? unknown)
    {
        this.document = document;
        Offset = offset;
        Length = length;
        if (document is null)
        {
            (Kind, Name) = (unknown is null ? LineKind.LeftOut : LineKind.Unknown, unknown ?? "");
            return;
        }

        (Kind, Name) = KindOf(Root);
        Node = Root.Text("uuid") is { Length: > 0 } uuid ? Hash(uuid) : 0;
        Parent = (Root.Text("parentUuid") ?? Root.Text("logicalParentUuid")) is { Length: > 0 } parent
            ? Hash(parent) : 0;
        Time = Root.Time("timestamp") ?? 0;
    }

    /// <summary>Gets where the line begins in its file.</summary>
    public long Offset { get; }

    /// <summary>Gets the length of the line in bytes.</summary>
    public int Length { get; }

    public LineKind Kind { get; }

    /// <summary>Gets the record's type, for <see cref="LineKind.Unknown"/>.</summary>
    public string Name { get; }

    /// <summary>Gets the record; only if <see cref="Node"/> is not 0 or the kind is read.</summary>
    public JsonElement Root => document?.RootElement ?? default;

    /// <summary>Gets the digest of the line's id; 0 for a line that is no node of the tree.</summary>
    public ulong Node { get; }

    /// <summary>Gets the digest of the id of the node before it; 0 for none.</summary>
    public ulong Parent { get; }

    /// <summary>Gets milliseconds since 1970; 0 if unknown.</summary>
    public long Time { get; }

    public JsonElement? Message => Root.Object("message");

    /// <summary>Gets the id that all lines of one reply have.</summary>
    public string? MessageId => Kind == LineKind.Answer ? Message?.Text("id") : null;

    public bool IsSidechain => Root.IsTrue("isSidechain");

    /// <summary>Gets whether the line begins something that a rewind goes back before.</summary>
    public bool IsAsking => Kind is LineKind.Prompt or LineKind.Command or LineKind.Shell or LineKind.Summary;

    /// <summary>Parses a line. The result must be disposed before the next line is taken.</summary>
    public static TranscriptLine Parse(FileLine line, long offset)
    {
        if (line.Utf8.Span.StartsWith(KnownRecords.Requests)) return new TranscriptLine(null, offset, 0, null);
        if (line.IsTooLong || line.Utf8.Length > LongestLine)
            return new TranscriptLine(null, offset, 0, "line too long");
        ReadOnlyMemory<byte> utf8 = line.Utf8;
        if (offset == 0 && utf8.Span.StartsWith("\uFEFF"u8)) utf8 = utf8[3..];
        bool isBlank = utf8.Span.IndexOfAnyExcept(" \t\r\0"u8) < 0;
        JsonDocument? document = isBlank ? null : RecordFields.Parse(utf8);
        return new TranscriptLine(document, offset, line.Utf8.Length, isBlank ? null : "unreadable line");
    }

    /// <summary>Returns whether a last line is complete, though its line feed is missing.</summary>
    public static bool IsWhole(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Length > LongestLine || utf8.Span.TrimEnd(" \t\r\0"u8) is not [.., (byte)'}']) return false;
        using JsonDocument? document = RecordFields.Parse(utf8);
        return document is not null;
    }

    public void Dispose() => document?.Dispose();

    /// <summary>Returns a digest, never 0.</summary>
    public static ulong Hash(string text) =>
        Math.Max(1, XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text.AsSpan())));

    /// <summary>Returns the text of a message: as it is, or of its text blocks.</summary>
    public static string TextOf(JsonElement? message) => message?.Text("content")
        ?? string.Join("\n", message?.Items("content").Select(block => block.Text("text")).OfType<string>() ?? []);

    private static (LineKind Kind, string Name) KindOf(JsonElement root)
    {
        string type = root.Text("type") ?? "";
        switch (type)
        {
            case "assistant" when HasContent(root): return (LineKind.Answer, type);
            case "user" when HasContent(root): return (KindOfUser(root), type);
            case "attachment": return KindOfAttachment(root.Text("attachment", "type") ?? "");
            case "system": return KindOfSystem(root.Text("subtype") ?? "");
            case "custom-title" or "agent-name" or "summary": return (LineKind.Title, type);
            case "cost-state": return (LineKind.Cost, type);
            case "": return (LineKind.Unknown, "record without type");
            default: return (KnownRecords.LeftOut.Contains(type) ? LineKind.LeftOut : LineKind.Unknown, type);
        }
    }

    private static bool HasContent(JsonElement root) =>
        root.Find("message", "content") is { ValueKind: JsonValueKind.String or JsonValueKind.Array };

    private static LineKind KindOfUser(JsonElement root)
    {
        JsonElement message = root.Object("message")!.Value;
        if (message.Items("content").Any(block => block.Text("type") == "tool_result")) return LineKind.Results;
        if (root.IsTrue("isCompactSummary")) return LineKind.Summary;
        ReadOnlySpan<char> text = TextOf(message).AsSpan().TrimStart();
        if (Begins(text, "<command-name>", "<command-message>")) return LineKind.Command;
        if (Begins(text, "<bash-input>")) return LineKind.Shell;
        if (Begins(text, "<bash-stdout>", "<bash-stderr>")) return LineKind.ShellOutput;
        if (Begins(text, "<local-command-stdout>", "<local-command-stderr>")) return LineKind.CommandOutput;
        if (Begins(text, "<local-command-caveat>", "Caveat: The messages below were generated"))
            return LineKind.LeftOut;
        if (Begins(text, "[Request interrupted by user")) return LineKind.Interrupt;
        if (Begins(text, "<task-notification>")) return LineKind.Queued;
        return root.IsTrue("isMeta") ? LineKind.Note : LineKind.Prompt;
    }

    private static bool Begins(ReadOnlySpan<char> text, string one, string? other = null) =>
        text.StartsWith(one, StringComparison.Ordinal)
        || (other is not null && text.StartsWith(other, StringComparison.Ordinal));

    private static (LineKind Kind, string Name) KindOfAttachment(string type) => type switch
    {
        "queued_command" => (LineKind.Queued, type),
        "file" => (LineKind.File, type),
        _ when KnownRecords.IsLeftOutAttachment(type) => (LineKind.LeftOut, type),
        _ => (LineKind.Unknown, $"attachment:{type}"),
    };

    private static (LineKind Kind, string Name) KindOfSystem(string type) => type switch
    {
        "api_error" => (LineKind.Retry, type),
        "compact_boundary" => (LineKind.Boundary, type),
        "local_command" => (LineKind.CommandOutput, type),
        _ when KnownRecords.LeftOutSystem.Contains(type) => (LineKind.LeftOut, type),
        _ => (LineKind.Unknown, $"system:{type}"),
    };
}
