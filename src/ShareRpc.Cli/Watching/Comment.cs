using System.Globalization;
using System.Text.Json;
using ShareRpc.Cli.Terminal;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Cli.Watching;

/// <summary>A comment as it is shown. What it says is untrusted, and printed through <see cref="SafeText"/>.</summary>
internal sealed record Comment
{
    public required CommentKey Key { get; init; }

    public string? Parent { get; init; }

    /// <summary>Gets whether it says that its thread is resolved, or is not; null: neither.</summary>
    public bool? Resolved { get; init; }

    public long CreatedMs { get; init; }

    public required string Author { get; init; }

    public required string Text { get; init; }

    /// <summary>Gets what it is on, beyond the document: a line of a diff, a quote.</summary>
    public string Where { get; init; } = "";

    /// <summary>Returns null for a document that is none.</summary>
    public static Comment? Parse(string key, RawJson data)
    {
        if (!CommentKey.TryParse(key, out CommentKey? parsed)) return null;
        using JsonDocument document = data.ToDocument();
        JsonElement root = document.RootElement;
        string line = Member(root, "line") is { } at
            ? $"{TextOf(at, "file")}:{TextOf(at, "number")}" : "";
        string quote = TextOf(root, "quote") is { Length: > 0 } words ? $" “{words}”" : "";
        return new Comment
        {
            Key = parsed, Parent = TextOf(root, "parent") is { Length: > 0 } parent ? parent : null,
            Resolved = Member(root, "resolved") is { ValueKind: JsonValueKind.True or JsonValueKind.False } flag
                ? flag.ValueKind == JsonValueKind.True : null,
            CreatedMs = Member(Member(root, "time"), "created") is { ValueKind: JsonValueKind.Number } created
                && created.TryGetInt64(out long ms) ? ms : 0,
            Author = AuthorOf(Member(root, "author")), Text = SafeText.Block(TextOf(root, "text")),
            Where = SafeText.Line(line + quote, 120).Trim(),
        };
    }

    /// <summary>Returns it on one line, or several for a long text.</summary>
    public string Said()
    {
        string end = Resolved switch { true => "resolved", false => "opened again", null => "" };
        string said = Text.Length == 0 ? $"({end})" : end.Length == 0 ? Text : $"{Text} ({end})";
        return $"{Author}: {said.Replace("\n", "\n    ", StringComparison.Ordinal)}";
    }

    /// <summary>
    /// Returns a word of the tool's own first, which no label can be, and the id that tells those of one label apart.
    /// </summary>
    private static string AuthorOf(JsonElement? author)
    {
        if (Member(author, "owner") is { ValueKind: JsonValueKind.True }) return "the owner";
        string id = TextOf(author, "id");
        string guest = SafeText.Line($"guest {id[..Math.Min(4, id.Length)]}", 20);
        return TextOf(author, "label") is { Length: > 0 } label ? $"{guest} “{SafeText.Line(label, 40)}”" : guest;
    }

    private static JsonElement? Member(JsonElement? parent, string name) =>
        parent is { ValueKind: JsonValueKind.Object } there && there.TryGetProperty(name, out JsonElement value)
            ? value : null;

    private static string TextOf(JsonElement? parent, string name) => Member(parent, name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { ValueKind: JsonValueKind.Number } number => number.TryGetInt64(out long value)
            ? value.ToString(CultureInfo.InvariantCulture) : "",
        _ => "",
    };
}
