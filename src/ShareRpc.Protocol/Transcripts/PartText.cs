using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Transcripts;

/// <summary>The text of documents of the session format (protocol/session-format.md), for a reader of text.</summary>
internal static class PartText
{
    /// <summary>What is shown of an input or output in normal detail.</summary>
    private const int ShortLength = 1_500;

    /// <summary>What is shown of an error or a result in brief detail.</summary>
    private const int BriefLength = 300;

    /// <summary>Returns the text of a part; empty if there is nothing to show at this detail.</summary>
    public static string Of(JsonElement part, bool isRedacted, TranscriptDetail detail)
    {
        string text = VisibleText.Of(Shown(part, detail));
        return isRedacted && text.Length > 0 ? text + "\n(Not all of this is shown to this link.)" : text;
    }

    /// <summary>Returns the message of a part, without reading the rest; null if it names none.</summary>
    public static string? MessageOf(RawJson part)
    {
        var reader = new Utf8JsonReader(part.Utf8.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
        string? message = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isName = JsonMembers.Spells(reader.ValueSpan, "messageID"u8);
            reader.Read();
            if (isName) message = reader.TokenType == JsonTokenType.String ? TextOf(ref reader) : null;
            reader.Skip();
        }

        return message;
    }

    /// <summary>Returns who speaks.</summary>
    public static string SpeakerOf(JsonElement message)
    {
        string role = Text(message, "role");
        if (Text(message, "agent_session").Length > 0)
            role = role == "user" ? "prompt of a subagent" : $"subagent {Text(message, "agent")}".TrimEnd();
        string model = Text(message, "modelID");
        return VisibleText.Line(role != "user" && model.Length > 0 ? $"{role}, {model}" : role, 80);
    }

    /// <summary>Returns the error that ended a message; empty if none did.</summary>
    public static string ErrorOf(JsonElement message)
    {
        JsonElement error = Member(message, "error");
        string name = Text(error, "name");
        string detail = VisibleText.Line(Text(Member(error, "data"), "message"), 500);
        return name.Length == 0 ? "" : $"Error: {VisibleText.Line(name)} {detail}".TrimEnd();
    }

    /// <summary>Returns a member that is text; empty if it is not there or not text.</summary>
    public static string Text(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.String } value ? Unescaped(value) : "";

    public static JsonElement Member(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value)
            ? value : default;

    public static bool IsTrue(JsonElement parent, string name) => Member(parent, name).ValueKind == JsonValueKind.True;

    private static string Shown(JsonElement part, TranscriptDetail detail)
    {
        if (Member(part, "omitted") is { ValueKind: JsonValueKind.Object } omitted)
            return $"[left out: {Text(omitted, "name")} ({Text(omitted, "reason")})]";
        switch (Text(part, "type"))
        {
            case "text" when IsTrue(part, "ignored"):
                return "";
            case "text" when IsTrue(part, "synthetic"):
                return Text(part, "text") is { Length: > 0 } added
                    ? $"[added by the program]\n{Short(added, detail)}" : "";
            case "text" or "plan":
                return Text(part, "text");
            case "reasoning":
                return detail == TranscriptDetail.Full && Text(part, "text") is { Length: > 0 } thought
                    ? $"[reasoning]\n{thought}" : "";
            case "tool":
                return Tool(part, detail);
            case "subagent":
                return Subagent(part, detail);
            case "file":
                return $"[file {VisibleText.Line(Text(part, "filename"))} {VisibleText.Line(Text(part, "mime"), 60)}]";
            case "patch":
                return $"[changed files: {string.Join(", ", FilesOf(part))}]";
            case "compaction":
                return Text(part, "summary") is { Length: > 0 } summary
                    ? $"[the session was summed up here]\n{summary}" : "[the session was summed up here]";
            case "retry":
                return $"[tried again] {ErrorOf(part)}".TrimEnd();
            case "notice":
                string record = VisibleText.Line(Text(part, "record"), 60);
                return $"[{record}] {Short(Text(part, "detail"), detail)}".TrimEnd();
            case "step-start" or "step-finish" or "snapshot":
                return "";
            case var type:
                return type.Length > 0 ? $"[{VisibleText.Line(type, 60)}]" : "";
        }
    }

    private static string Tool(JsonElement part, TranscriptDetail detail)
    {
        JsonElement state = Member(part, "state");
        var text = new StringBuilder($"[tool {VisibleText.Line(Text(part, "tool"), 60)}: {Text(state, "status")}] ");
        text.Append(VisibleText.Line(Text(state, "title")));
        if (detail != TranscriptDetail.Brief)
        {
            if (Member(state, "input") is { ValueKind: JsonValueKind.Object } input)
                text.Append("\ninput: ").Append(Short(input.GetRawText(), detail));
            if (Text(state, "output") is { Length: > 0 } output)
                text.Append("\noutput:\n").Append(Short(output, detail));
        }

        if (Text(state, "error") is { Length: > 0 } error) text.Append("\nerror: ").Append(Short(error, detail));
        return text.ToString().TrimEnd();
    }

    private static string Subagent(JsonElement part, TranscriptDetail detail)
    {
        string name = Text(part, "name") is { Length: > 0 } its ? its : Text(part, "description");
        var text = new StringBuilder($"[subagent {VisibleText.Line(name, 80)}: {Text(part, "status")}]");
        if (detail != TranscriptDetail.Brief && Text(part, "prompt") is { Length: > 0 } prompt)
            text.Append("\nprompt: ").Append(Short(prompt, detail));
        if (Text(part, "result") is { Length: > 0 } result) text.Append("\nresult:\n").Append(Short(result, detail));
        if (Text(part, "error") is { Length: > 0 } error) text.Append("\nerror: ").Append(Short(error, detail));
        return text.ToString();
    }

    private static IEnumerable<string> FilesOf(JsonElement patch)
    {
        if (Member(patch, "files") is not { ValueKind: JsonValueKind.Array } files) return [];
        return files.EnumerateArray().Take(50).Select(file => VisibleText.Line(
            file.ValueKind == JsonValueKind.String ? Unescaped(file) : Text(file, "file")));
    }

    private static string Short(string text, TranscriptDetail detail)
    {
        int most = detail switch
        {
            TranscriptDetail.Full => int.MaxValue, TranscriptDetail.Normal => ShortLength, _ => BriefLength,
        };
        return text.Length <= most ? text
            : $"{VisibleText.Cut(text, most)}\n… ({text.Length - most} characters more; detail \"full\" shows them)";
    }

    private static string? TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // a lone surrogate, which no key has
        }
    }

    private static string Unescaped(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return value.GetRawText().Trim('"'); // a lone surrogate is legal JSON but not text
        }
    }
}
