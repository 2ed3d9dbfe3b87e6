using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Following;

/// <summary>A tool call of the session format, see the part type <c>tool</c> of protocol/session-format.md.</summary>
internal sealed record ToolCall
{
    public required string CallId { get; init; }

    /// <summary>Gets the tool: the name that the viewer knows, else the agent's.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the input, an object.</summary>
    public RawJson Input { get; init; } = new("{}"u8.ToArray());

    /// <summary>Gets <c>running</c>, <c>completed</c> or <c>error</c>.</summary>
    public string Status { get; init; } = Running;

    public string? Output { get; init; }

    public string? Error { get; init; }

    public string? Title { get; init; }

    public int? Exit { get; init; }

    /// <summary>Gets the changed files.</summary>
    public IReadOnlyList<FileChange> Files { get; init; } = [];

    /// <summary>Gets pictures and the like, as <c>data:</c> addresses.</summary>
    public IReadOnlyList<Attachment> Attachments { get; init; } = [];

    public long? Start { get; init; }

    public long? End { get; init; }

    public const string Running = "running";

    public const string Completed = "completed";

    public const string Failed = "error";

    /// <summary>Writes the members of the part.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteString("callID", CallId);
        json.WriteString("tool", Name);
        json.WriteStartObject("state");
        json.WriteString("status", Status);
        json.WritePropertyName("input");
        json.WriteRawValue(Input.Utf8.Span, skipInputValidation: true);
        WriteText(json, "output", Output);
        WriteText(json, "error", Error);
        WriteText(json, "title", Title);
        WriteMetadata(json);
        if (Attachments.Count > 0)
        {
            json.WriteStartArray("attachments");
            foreach (Attachment attachment in Attachments)
            {
                json.WriteStartObject();
                json.WriteString("type", "file");
                attachment.Write(json);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        if (Start is not null || End is not null)
        {
            json.WriteStartObject("time");
            if (Start is { } start) json.WriteNumber("start", start);
            if (End is { } end) json.WriteNumber("end", end);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private void WriteMetadata(Utf8JsonWriter json)
    {
        if (Exit is null && Files.Count == 0) return;
        json.WriteStartObject("metadata");
        if (Exit is { } exit) json.WriteNumber("exit", exit);
        if (Files.Count > 0)
        {
            json.WriteStartArray("files");
            foreach (FileChange file in Files)
            {
                json.WriteStartObject();
                json.WriteString("file", file.Path);
                WriteText(json, "patch", file.Patch);
                WriteText(json, "before", file.Before);
                WriteText(json, "after", file.After);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null) json.WriteString(name, text);
    }
}

/// <summary>What a tool did to a file: a unified diff, or the text before and after.</summary>
internal sealed record FileChange(string Path, string? Patch, string? Before = null, string? After = null);

/// <summary>A picture or other file.</summary>
/// <param name="Mime">Its type.</param>
/// <param name="Url">A <c>data:</c> address; null if only the name is known.</param>
/// <param name="Name">Its name; may be null.</param>
internal sealed record Attachment(string Mime, string? Url, string? Name)
{
    /// <summary>Returns a <c>data:</c> address as an attachment; null for another address.</summary>
    public static Attachment? OfDataUrl(string? url, string? name = null)
    {
        if (url is null || !url.StartsWith("data:", StringComparison.Ordinal)) return null;
        int end = url.AsSpan(0, Math.Min(url.Length, 100)).IndexOfAny(';', ',');
        return new Attachment(end > 5 ? url[5..end] : "application/octet-stream", url, name);
    }

    /// <summary>Writes the members of a part or attachment of type <c>file</c>.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteString("mime", Mime);
        if (Name is not null) json.WriteString("filename", Name);
        if (Url is not null) json.WriteString("url", Url);
    }
}
