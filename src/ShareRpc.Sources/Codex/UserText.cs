using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>Tells what the user wrote from what Codex adds in the user's name.</summary>
internal static class UserText
{
    private static readonly string[] Added =
    [
        "environment_context", "turn_aborted", "user_shell_command", "subagent_notification", "user_instructions",
        "permissions instructions", "collaboration_mode", "model_switch", "personality_spec", "skill",
        "recommended_plugins", "hook_prompt", "goal_context", "external_agent_context",
    ];

    private static readonly string[] AddedStarts = ["# AGENTS.md instructions for ", "<skills_", "<apps_", "<plugins_"];

    /// <summary>Returns the text of a message item, without what stands around pictures.</summary>
    public static string Of(JsonElement item)
    {
        return string.Concat(item.TextsOfItems("content").Where(text => !IsPictureMark(text)));
    }

    /// <summary>Returns whether Codex wrote a message of role user.</summary>
    public static bool IsAdded(JsonElement item, string text)
    {
        List<string> sources = [.. item
            .Items("internal_chat_message_metadata_passthrough", "content_item_metadata")
            .Select(part => part.Text("provenance", "type")).OfType<string>()];
        if (sources.Count > 0) return !sources.Contains("user");
        return IsAdded(text);
    }

    /// <summary>Returns whether a text is one that Codex adds.</summary>
    public static bool IsAdded(string text)
    {
        ReadOnlySpan<char> start = text.AsSpan().TrimStart();
        foreach (string word in AddedStarts)
        {
            if (start.StartsWith(word, StringComparison.Ordinal)) return true;
        }

        if (start is not ['<', ..]) return false;
        foreach (string tag in Added)
        {
            if (start[1..].StartsWith(tag, StringComparison.Ordinal)
                && start[(tag.Length + 1)..] is ['>', ..] or [' ', ..]) return true;
        }

        return false;
    }

    /// <summary>Returns the pictures of a message item, as <c>data:</c> addresses.</summary>
    public static IEnumerable<Attachment> Pictures(JsonElement item) =>
        item.Items("content").Select(part => Attachment.OfDataUrl(part.Text("image_url"))).OfType<Attachment>();

    private static bool IsPictureMark(string text) =>
        text is "</image>" or "<image>" || (text.StartsWith("<image ", StringComparison.Ordinal) && text.EndsWith('>')
            && text.Length < 4096);
}
