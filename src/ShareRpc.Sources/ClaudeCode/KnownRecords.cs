namespace ShareRpc.Sources.ClaudeCode;

/// <summary>
/// Lists the records that this version knows and leaves out: bookkeeping, and copies of what was sent to the model.
/// Whatever is not listed here and not read becomes a notice.
/// </summary>
internal static class KnownRecords
{
    /// <summary>Begins lines that are left out without being parsed: they are most of a file.</summary>
    public static ReadOnlySpan<byte> Requests => "{\"type\":\"api-request"u8;

    public static readonly HashSet<string> LeftOut = new(StringComparer.Ordinal)
    {
        "api-request", "api-request-blob", "api-request-shape", "atis-latch", "file-history-delta",
        "file-history-snapshot", "last-prompt", "mode", "permission-mode", "progress", "queue-operation", "tools-used",
    };

    private static readonly HashSet<string> LeftOutAttachments = new(StringComparer.Ordinal)
    {
        "agent_listing_delta", "auto_mode", "date", "deferred_tools_delta", "deferred_tools_record", "environment",
        "model", "prompt_snapshot", "remote_session_change", "session_context", "skill_listing",
    };

    public static readonly HashSet<string> LeftOutSystem = new(StringComparer.Ordinal) { "turn_duration" };

    /// <summary>Reminders, of which each version has others, are text for the model alone.</summary>
    public static bool IsLeftOutAttachment(string type) =>
        LeftOutAttachments.Contains(type) || type.EndsWith("_reminder", StringComparison.Ordinal);
}
