using System.Text;
using ShareRpc.Tests.Sources.Opencode;
using ShareRpc.Tests.Sources.Opencode2;

namespace ShareRpc.Tests.Sources.Following;

/// <summary>A session of one message, "Hello", as each agent keeps it below a home directory.</summary>
internal static class SmallSession
{
    private const string Time = "\"timestamp\":\"2026-11-30T10:00:00Z\"";

    /// <summary>Writes it; returns its file.</summary>
    public static string Write(string home, string agent)
    {
        string path = Path.Combine(home, PathOf(agent));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (agent == "opencode") WriteDatabase(path);
        else File.WriteAllText(path, TextOf(agent).ReplaceLineEndings("\n") + "\n", new UTF8Encoding(false));
        return path;
    }

    private static string PathOf(string agent) => agent switch
    {
        "claude" => ".claude/projects/-p/aaaa.jsonl",
        "codex" => ".codex/sessions/2026/11/30/rollout-2026-11-30T10-00-00-aaaa.jsonl",
        "gemini" => ".gemini/tmp/p/chats/session-2026-11-30T10-00-aaaa.jsonl",
        _ => ".local/share/opencode/opencode.db",
    };

    private static string TextOf(string agent) => agent switch
    {
        "claude" => $$$"""{"parentUuid":null,"type":"user","uuid":"u1",{{{Time}}},"message":{"content":"Hello"}}""",
        "codex" => $$$$"""
            {{{{{Time}}}},"type":"session_meta","payload":{"id":"aaaa",{{{{Time}}}}}}
            {{{{{Time}}}},"type":"event_msg","payload":{"type":"user_message","message":"Hello"}}
            """,
        _ => $$"""
            {"sessionId":"aaaa","projectHash":"h","startTime":"2026-11-30T10:00:00Z","kind":"main"}
            {"id":"u",{{Time}},"type":"user","content":"Hello"}
            """,
    };

    private static void WriteDatabase(string path) => OpencodeFiles.Execute(path, Opencode2Files.Tables + """
        INSERT INTO session_v2 (id, project_id, directory, title, version, time_created, time_updated)
          VALUES ('aaaa', 'p', '/project', 'Hello', '2.0.26', 1, 1);
        INSERT INTO session_message VALUES ('m', 'aaaa', 'user', 1, 1, 1, '{"text":"Hello"}');
        """);
}
