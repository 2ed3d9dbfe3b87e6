using System.Text.Json;
using System.Text.RegularExpressions;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>What the first lines of a rollout file say of it.</summary>
internal sealed partial record RolloutHead
{
    /// <summary>The most lines that are read, for the title.</summary>
    private const int MostLines = 100;

    /// <summary>The generations that this version reads.</summary>
    public static readonly IReadOnlyList<string> Modes = ["legacy", "paginated"];

    public required string Thread { get; init; }

    /// <summary>Gets what names the file in keys: its thread, and its segment if it is not the first.</summary>
    public required string Tag { get; init; }

    /// <summary>Gets the thread that started this one as a subagent.</summary>
    public string? Parent { get; init; }

    public string? ForkedFrom { get; init; }

    public long Time { get; init; }

    public string? Directory { get; init; }

    public string? Branch { get; init; }

    public string? Version { get; init; }

    public string Mode { get; init; } = "legacy";

    /// <summary>Gets the thread whose lines come before this file's.</summary>
    public string? Base { get; init; }

    /// <summary>Gets where the lines of that thread end.</summary>
    public RolloutCut? Cut { get; init; }

    public long FirstOrdinal { get; init; }

    /// <summary>Gets where a subagent's own lines begin, behind a copy of its parent's.</summary>
    public long? OwnOrdinal { get; init; }

    public string? Title { get; init; }

    /// <summary>Returns whether a file is named like a rollout.</summary>
    public static bool IsNamed(string file) => file.StartsWith("rollout-", StringComparison.Ordinal)
        && (file.EndsWith(".jsonl", StringComparison.Ordinal) || file.EndsWith(".jsonl.zst", StringComparison.Ordinal));

    /// <summary>Reads the head of a file.</summary>
    public static HeadIndex<RolloutHead>.Entry? Read(ListedFile file)
    {
        try
        {
            using Stream stream = RolloutFile.OpenStream(file.Path);
            RolloutHead? head = null;
            int lines = 0;
            foreach (ReadOnlyMemory<byte> text in HeadLines.Of(stream).Take(MostLines))
            {
                using JsonDocument? line = RecordFields.Parse(text);
                if (lines++ == 0) head = line is null ? null : Of(line.RootElement, file.Path);
                if (head is null) break;
                string? said = lines == 1 || line is null ? null : UserTextOf(line.RootElement);
                if (said is null || FirstLine.Of(said) is not { } title) continue;
                head = head with { Title = title };
                break;
            }

            return new HeadIndex<RolloutHead>.Entry(head, head is not null && (head.Title is not null
                || lines == MostLines));
        }
        catch (ZstdSharp.ZstdException)
        {
            return new HeadIndex<RolloutHead>.Entry(null, IsWhole: false); // damaged
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }

    private static RolloutHead? Of(JsonElement line, string path)
    {
        bool isBare = line.Find("payload") is null;
        if (!isBare && line.Text("type") != "session_meta") return null;
        JsonElement meta = line.Object("payload") ?? line;
        if ((isBare && line.Find("type") is not null) || meta.Text("id") is not { Length: > 0 } id) return null;
        JsonElement? spawned = meta.Object("source", "subagent", "thread_spawn");
        JsonElement? from = meta.Object("history_base");
        return new RolloutHead
        {
            Thread = id,
            Tag = TagOf(path),
            Parent = meta.Text("parent_thread_id") ?? spawned?.Text("parent_thread_id"),
            ForkedFrom = meta.Text("forked_from_id"),
            Time = meta.Time("timestamp") ?? line.Time("timestamp") ?? 0,
            Directory = meta.Text("cwd"),
            Branch = meta.Text("git", "branch"),
            Version = meta.Text("cli_version"),
            Mode = meta.Text("history_mode") ?? "legacy",
            Base = from?.Text("thread_id"),
            Cut = from is { } cut
                ? new RolloutCut(cut.Number("end_ordinal_exclusive"), cut.Number("end_byte_offset")) : null,
            FirstOrdinal = line.Number("ordinal") ?? 0,
            OwnOrdinal = meta.Number("subagent_history_start_ordinal"),
        };
    }

    private static string? UserTextOf(JsonElement line)
    {
        JsonElement payload = line.Object("payload") ?? line;
        if (payload.Text("type") == "user_message") return payload.Text("message");
        if (payload.Text("role") != "user") return null;
        string text = UserText.Of(payload);
        return UserText.IsAdded(payload, text) ? null : text;
    }

    private static string TagOf(string path)
    {
        string name = Path.GetFileName(path);
        Match match = Named().Match(name);
        string tag = match.Success ? match.Groups[1].Value : name;
        return NoKey().Replace(tag.Length > 100 ? tag[..100] : tag, "-");
    }

    [GeneratedRegex(@"^rollout-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-(.+?)\.jsonl(?:\.zst)?$")]
    private static partial Regex Named();

    [GeneratedRegex("[^A-Za-z0-9_-]")]
    private static partial Regex NoKey();
}

/// <summary>A place in a rollout file.</summary>
/// <param name="Ordinal">The ordinal of the first line behind it.</param>
/// <param name="Offset">Its offset in bytes.</param>
internal sealed record RolloutCut(long? Ordinal, long? Offset)
{
    /// <summary>The beginning of a file.</summary>
    public static readonly RolloutCut AtStart = new(0, 0);

    /// <summary>Returns whether a line is behind it.</summary>
    public bool IsBefore(long? ordinal, long offset) => ordinal is { } number && Ordinal is { } first
        ? number >= first : Offset is { } end && offset >= end;
}
