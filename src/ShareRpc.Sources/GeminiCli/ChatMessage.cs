using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.GeminiCli;

/// <summary>What a record of a message is about.</summary>
internal enum ChatRole
{
    /// <summary>What the user wrote.</summary>
    User,

    /// <summary>A reply of the model.</summary>
    Model,

    /// <summary>The summary that stands for what was before.</summary>
    Snapshot,

    /// <summary>A line that the program showed: an error, a warning, information.</summary>
    Shown,

    /// <summary>What the program tells the model in the user's name: context, results of calls.</summary>
    Added,

    /// <summary>A type that is not known.</summary>
    Unknown,
}

/// <summary>Reads a record of a message; its content is a text, or a list of parts.</summary>
internal readonly struct ChatMessage(JsonElement json)
{
    public JsonElement Json { get; } = json;

    public string? Id => Json.Text("id");

    public string Type => Json.Text("type") ?? "message";

    /// <summary>Gets the text that was said, without thoughts.</summary>
    public string Text => TextOf(Json.Find("content"));

    /// <summary>Gets what the user saw of the own message: without the content of files that it names.</summary>
    public string ShownText => Json.Find("displayContent") is { } shown ? TextOf(shown) : Text;

    public ChatRole Role => Type switch
    {
        "user" when Begins(Text, "<session_context>") || Results.Any() => ChatRole.Added,
        "user" when Begins(Text, "<state_snapshot>") => ChatRole.Snapshot,
        "user" => ChatRole.User,
        "gemini" => ChatRole.Model,
        "info" or "error" or "warning" => ChatRole.Shown,
        _ => ChatRole.Unknown,
    };

    /// <summary>Gets the pictures and other files that come with the message.</summary>
    public IEnumerable<Attachment> Files => FilesOf(Json.Items("content"));

    /// <summary>Gets what the model thought.</summary>
    public IReadOnlyList<string> Thoughts
    {
        get
        {
            List<string> thoughts = [.. Json.Items("thoughts").Select(ThoughtOf)];
            if (thoughts.Count == 0)
            {
                thoughts = [.. Json.Items("content").Where(part => part.IsTrue("thought"))
                    .Select(part => part.Text("text") ?? "")];
            }

            return [.. thoughts.Where(thought => thought.Length > 0)];
        }
    }

    /// <summary>Gets the calls, and those of an older list that are only in the content.</summary>
    public IEnumerable<JsonElement> Calls => Json.Find("toolCalls") is not null ? Json.Items("toolCalls")
        : Json.Items("content").Select(part => part.Object("functionCall")).OfType<JsonElement>();

    /// <summary>Gets the results of calls that are in the content.</summary>
    public IEnumerable<JsonElement> Results =>
        Json.Items("content").Select(part => part.Object("functionResponse")).OfType<JsonElement>();

    /// <summary>Gets what stays the same when the record is written again under another id.</summary>
    public string Digest
    {
        get
        {
            string calls = string.Join(' ', Calls.Select(call => call.Text("id")));
            byte[] text = Encoding.UTF8.GetBytes($"{Text.Trim()}\n{calls}");
            return $"{Role:d}{Convert.ToHexStringLower(SHA256.HashData(text).AsSpan(0, 8))}";
        }
    }

    /// <summary>Returns the files of a list of parts.</summary>
    public static IEnumerable<Attachment> FilesOf(IEnumerable<JsonElement> parts) =>
        from part in parts
        let data = part.Object("inlineData")
        let bytes = data?.Text("data")
        where bytes is not null
        let mime = data?.Text("mimeType") ?? "application/octet-stream"
        select new Attachment(mime, $"data:{mime};base64,{bytes}", null);

    private static bool Begins(string text, string tag) =>
        text.AsSpan().TrimStart().StartsWith(tag, StringComparison.Ordinal);

    private static string ThoughtOf(JsonElement thought) => thought.Text("subject") is { Length: > 0 } subject
        ? $"**{subject}**\n\n{thought.Text("description")}".TrimEnd() : thought.Text("description") ?? "";

    private static string TextOf(JsonElement? content) => content switch
    {
        { ValueKind: JsonValueKind.String } => content.Value.AsText(),
        { ValueKind: JsonValueKind.Array } list => string.Concat(list.EnumerateArray()
            .Where(part => !part.IsTrue("thought")).Select(part => part.Text("text")).OfType<string>()),
        { ValueKind: JsonValueKind.Object } part => part.Text("text") ?? "",
        _ => "",
    };

}
