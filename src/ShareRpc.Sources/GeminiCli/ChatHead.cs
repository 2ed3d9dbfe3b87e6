using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.GeminiCli;

/// <summary>What the first lines of a chat file say of it.</summary>
internal sealed record ChatHead
{
    private const int MostLines = 100;
    private const int MostWhole = 64 * 1024 * 1024;

    public required string Session { get; init; }

    public long Started { get; init; }

    public string? Directory { get; init; }

    /// <summary>Gets the beginning of what the user wrote first; null: nothing was said yet.</summary>
    public string? Title { get; init; }

    /// <summary>Returns whether a file is named like one of a session.</summary>
    public static bool IsNamed(string file) => file.StartsWith("session-", StringComparison.Ordinal) && IsChat(file);

    /// <summary>Returns whether a file may hold a conversation, also a subagent's.</summary>
    public static bool IsChat(string file) =>
        file.EndsWith(".jsonl", StringComparison.Ordinal) || file.EndsWith(".json", StringComparison.Ordinal);

    /// <summary>Reads the head of a file.</summary>
    public static HeadIndex<ChatHead>.Entry? Read(ListedFile file)
    {
        try
        {
            ChatHead? head = file.Path.EndsWith(".json", StringComparison.Ordinal) ? OfWhole(file) : OfLines(file.Path);
            return new HeadIndex<ChatHead>.Entry(head, head?.Title is not null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static ChatHead? OfWhole(ListedFile file)
    {
        if (file.Length > MostWhole) return null;
        using JsonDocument? document = RecordFields.Parse(File.ReadAllBytes(file.Path));
        if (document is null || Of(document.RootElement) is not { } head) return null;
        return head with
        {
            Title = document.RootElement.Text("summary") ?? document.RootElement.Items("messages").Select(TitleOf)
                .FirstOrDefault(title => title is not null),
        };
    }

    private static ChatHead? OfLines(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        ChatHead? head = null;
        foreach (ReadOnlyMemory<byte> text in HeadLines.Of(stream).Take(MostLines))
        {
            using JsonDocument? line = RecordFields.Parse(text);
            if (line is null) continue;
            head ??= Of(line.RootElement);
            IEnumerable<JsonElement> said = line.RootElement.Items("$set", "messages").Append(line.RootElement);
            if (head is not null && said.Select(TitleOf).FirstOrDefault(title => title is not null) is { } found)
                return head with { Title = found };
        }

        return head;
    }

    private static ChatHead? Of(JsonElement header) => header.Text("sessionId") is not { Length: > 0 } id ? null
        : new ChatHead
        {
            Session = id,
            Started = header.Time("startTime") ?? 0,
            Directory = header.Texts("directories").FirstOrDefault(),
        };

    private static string? TitleOf(JsonElement record)
    {
        var message = new ChatMessage(record);
        return message.Role == ChatRole.User ? FirstLine.Of(message.ShownText) : null;
    }
}

/// <summary>A file of a conversation.</summary>
internal sealed record ChatFile(ListedFile File, ChatHead Head)
{
    /// <summary>Gets what names the file in keys.</summary>
    public string Tag { get; } = TagOf(File.Path);

    /// <summary>Gets whether the file is one document, which is written anew each time.</summary>
    public bool IsWhole => File.Path.EndsWith(".json", StringComparison.Ordinal);

    private static string TagOf(string path)
    {
        string name = System.IO.Path.GetFileName(path);
        string stem = name[..name.LastIndexOf('.')];
        string kept = new([.. stem.Take(100).Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-')]);
        return name.EndsWith('l') ? kept : $"{kept}-whole";
    }
}
