using System.Globalization;
using System.Text;
using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>Makes tool calls of the session format from blocks of a transcript.</summary>
internal static class ToolMapping
{
    private const int LongestOutput = 2 * 1024 * 1024;
    private const int LongestPicture = 6 * 1024 * 1024;

    /// <summary>The names that the viewer knows.</summary>
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["Agent"] = "task", ["Bash"] = "bash", ["Edit"] = "edit", ["Glob"] = "glob", ["Grep"] = "grep",
        ["MultiEdit"] = "multiedit", ["Read"] = "read", ["Task"] = "task", ["TodoWrite"] = "todowrite",
        ["WebFetch"] = "webfetch", ["WebSearch"] = "websearch", ["Write"] = "write",
    };

    private static readonly string[] Titles = ["description", "file_path", "path", "pattern", "url", "query", "skill"];

    /// <summary>Returns a call without a result.</summary>
    /// <param name="use">The block <c>tool_use</c>, or the like.</param>
    /// <param name="id">The call's id.</param>
    /// <param name="start">When it was written.</param>
    public static ToolCall OfUse(JsonElement use, string id, long start)
    {
        string name = use.Text("name") is { Length: > 0 } given ? given : "tool";
        JsonElement? input = use.Find("input");
        return new ToolCall
        {
            CallId = id, Name = Names.GetValueOrDefault(name, name), Input = BoundedInput.Of(input), Start = start,
            Title = Titles.Select(title => input?.Text(title)).FirstOrDefault(text => !string.IsNullOrEmpty(text)),
        };
    }

    /// <summary>Returns a call of the user's shell.</summary>
    public static ToolCall OfShell(string command, string id, long start) => new()
    {
        CallId = id, Name = "bash", Start = start,
        Input = SessionFormat.Object(json => json.WriteString("command", command)),
    };

    /// <summary>Returns the call with its result.</summary>
    /// <param name="call">Without one.</param>
    /// <param name="result">The block <c>tool_result</c>, or the like.</param>
    /// <param name="details">What the line says beside the block; null for nothing, or if it has several.</param>
    /// <param name="end">When it was written.</param>
    /// <param name="outputs">The folder of outputs that are too large for the transcript.</param>
    public static ToolCall WithResult(
        ToolCall call, JsonElement result, JsonElement? details, long end, string outputs)
    {
        string text = TextOf(result);
        call = call with { End = end, Attachments = [.. Pictures(result)] };
        if (result.IsTrue("is_error"))
        {
            text = WithoutTags(text, "tool_use_error");
            return call with { Status = ToolCall.Failed, Error = Cut(text), Exit = ExitOf(text) };
        }

        if (details is { } more)
        {
            if (more.Text("agentId") is not null && more.Items("content").Any())
                text = string.Join("\n", more.Items("content").Select(block => block.Text("text")).OfType<string>());
            if (more.Text("persistedOutputPath") is { } path)
                text = PersistedOutput(path, outputs) ?? more.Text("stdout") ?? text;
            call = call with { Files = [.. Changes(more)] };
        }

        return call with { Status = ToolCall.Completed, Output = Cut(text) };
    }

    /// <summary>Returns what is between two tags; everything if they are not there.</summary>
    public static string WithoutTags(string text, string tag) => Tagged(text, tag) ?? text;

    /// <summary>Returns what is between two tags; null if they are not there.</summary>
    public static string? Tagged(string text, string tag)
    {
        int begin = text.IndexOf($"<{tag}>", StringComparison.Ordinal);
        int end = text.LastIndexOf($"</{tag}>", StringComparison.Ordinal);
        begin += tag.Length + 2;
        return begin > tag.Length + 1 && end >= begin ? text[begin..end] : null;
    }

    /// <summary>Returns a picture or document of a block; null for another block.</summary>
    public static Attachment? FileOf(JsonElement block)
    {
        if (block.Text("type") is not ("image" or "document")) return null;
        string mime = block.Text("source", "media_type") ?? "application/octet-stream";
        string? data = block.Text("source", "data");
        bool isBase64 = block.Text("source", "type") == "base64" && data is { Length: <= LongestPicture };
        return new Attachment(mime, isBase64 ? $"data:{mime};base64,{data}" : block.Text("source", "url"),
            block.Text("title"));
    }

    /// <summary>Returns text of bounded length.</summary>
    public static string Cut(string text)
    {
        if (text.Length <= LongestOutput) return text;
        int length = char.IsHighSurrogate(text[LongestOutput - 1]) ? LongestOutput - 1 : LongestOutput;
        return $"{text[..length]}\n[{text.Length - length} more characters are not shared]";
    }

    private static string TextOf(JsonElement result)
    {
        if (result.Find("content") is not { } content) return "";
        if (content.ValueKind == JsonValueKind.Object) return content.Raw().ToString();
        return result.Text("content") ?? string.Join("\n", result.Items("content").Select(block =>
            block.Text("text") ?? (FileOf(block) is null ? block.Raw().ToString() : null)).OfType<string>());
    }

    private static IEnumerable<Attachment> Pictures(JsonElement result) =>
        result.Items("content").Select(FileOf).OfType<Attachment>();

    private static int? ExitOf(string text)
    {
        const string Mark = "Exit code ";
        if (!text.StartsWith(Mark, StringComparison.Ordinal)) return null;
        string number = text[Mark.Length..].Split('\n', 2)[0].Trim();
        return int.TryParse(number, NumberStyles.Integer, CultureInfo.InvariantCulture, out int exit) ? exit : null;
    }

    private static IEnumerable<FileChange> Changes(JsonElement details)
    {
        if (details.Text("filePath") is not { } path) yield break;
        string patch = PatchOf(details, path);
        if (patch.Length > 0) yield return new FileChange(path, patch);
        else if (details.Text("type") == "create" && details.Text("content") is { Length: > 0 } content)
            yield return new FileChange(path, null, "", Cut(content));
    }

    private static string PatchOf(JsonElement details, string path)
    {
        var patch = new StringBuilder();
        foreach (JsonElement hunk in details.Items("structuredPatch"))
        {
            if (patch.Length == 0) patch.Append($"--- {path}\n+++ {path}\n");
            patch.Append(CultureInfo.InvariantCulture,
                $"@@ -{hunk.Number("oldStart")},{hunk.Number("oldLines")} ");
            patch.Append(CultureInfo.InvariantCulture, $"+{hunk.Number("newStart")},{hunk.Number("newLines")} @@\n");
            foreach (string line in hunk.Texts("lines")) patch.Append(line).Append('\n');
        }

        return Cut(patch.ToString());
    }

    /// <summary>Reads an output from the session's own folder only, whatever the path says.</summary>
    private static string? PersistedOutput(string path, string folder)
    {
        string name = path[(path.LastIndexOfAny(['/', '\\']) + 1)..];
        if (name.Length == 0 || name.AsSpan().IndexOfAny(Path.GetInvalidFileNameChars()) >= 0) return null;
        var file = new FileInfo(Path.Combine(folder, name));
        try
        {
            if (!file.Exists || file.LinkTarget is not null || file.Length == 0) return null;
            using FileStream stream =
                file.Open(FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] bytes = new byte[Math.Min(stream.Length, LongestOutput)];
            int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            string text = Encoding.UTF8.GetString(bytes, 0, read);
            long left = stream.Length - read;
            return left > 0 ? $"{text}\n[{left} more bytes are not shared]" : text;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
