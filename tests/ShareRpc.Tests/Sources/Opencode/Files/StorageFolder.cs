using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Sources.Opencode.Files;

/// <summary>A tree of opencode before 1.2 in a temporary folder: made here, or the recorded one.</summary>
internal sealed class StorageFolder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sharerpc-test-");

    public static string RecordedPath { get; } = 
        RepositoryRoot.Path("..", "shared", "fixtures", "opencode", "opencode-1.1.65-storage.tar.gz");

    public string Folder => folder.FullName;

    public string Path => System.IO.Path.Combine(Folder, "storage");

    /// <summary>
    /// Two sessions, the second a subagent of the first; three messages with two parts each; diffs and a to-do list.
    /// </summary>
    public static StorageFolder Small()
    {
        var tree = new StorageFolder();
        tree.Write("session/p1/ses_a.json",
            """{ "id": "ses_a", "title": "one", "time": { "created": 1, "updated": 10 } }""");
        tree.Write("session/p1/ses_b.json",
            """{ "id": "ses_b", "parentID": "ses_a", "title": "two", "time": { "updated": 20 } }""");
        tree.Message("ses_a", "msg_1");
        tree.Message("ses_a", "msg_2");
        tree.Message("ses_b", "msg_3");
        tree.Write("session_diff/ses_a.json", """[ { "file": "a.txt", "additions": 1 } ]""");
        tree.Write("session_diff/ses_b.json", "[]");
        tree.Write("todo/ses_a.json", """[ { "id": "1", "content": "c", "status": "pending", "priority": "low" } ]""");
        tree.Write("session_share/ses_a.json",
            """{ "id": "x", "secret": "never-to-be-read", "url": "http://x/share/x" }""");
        return tree;
    }

    public static StorageFolder Recorded()
    {
        var tree = new StorageFolder();
        using var file = new GZipStream(File.OpenRead(RecordedPath), CompressionMode.Decompress);
        TarFile.ExtractToDirectory(file, tree.Folder, overwriteFiles: false);
        return tree;
    }

    public void Message(string sessionId, string messageId)
    {
        Write($"message/{sessionId}/{messageId}.json",
            $$"""{ "id": "{{messageId}}", "sessionID": "{{sessionId}}", "role": "user" }""");
        Part(sessionId, messageId, $"prt_{messageId}_1");
        Part(sessionId, messageId, $"prt_{messageId}_2");
    }

    public void Part(string sessionId, string messageId, string partId, string text = "t e x t") => Write(
        $"part/{messageId}/{partId}.json",
        $$"""
        { "id": "{{partId}}", "messageID": "{{messageId}}", "sessionID": "{{sessionId}}", "type": "text",
         "text": "{{text}}" }
        """);

    public string Write(string relative, string content)
    {
        string path = System.IO.Path.Combine(Path, relative);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Every entry with its kind, modification time and content.</summary>
    public IReadOnlyList<string> Picture() =>
    [
        .. Directory.EnumerateFileSystemEntries(Folder, "*",
            SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path =>
            $"{path} {File.GetAttributes(path)} {File.GetLastWriteTimeUtc(path).Ticks} "
            + (Directory.Exists(path) ? "" : Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))))),
    ];

    public void Dispose() => folder.Delete(recursive: true);
}
