using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Sources.Opencode2;

/// <summary>Databases of OpenCode 2 to test on, each in a folder that goes with this object.</summary>
public sealed class Opencode2Files : IDisposable
{
    public const string Tables = """
        CREATE TABLE session_v2 (id text PRIMARY KEY, project_id text NOT NULL, parent_id text, fork_session_id text,
          fork_boundary text, directory text NOT NULL, title text, version text NOT NULL, cost real DEFAULT 0 NOT NULL,
          tokens_input integer DEFAULT 0 NOT NULL, tokens_output integer DEFAULT 0 NOT NULL, revert text, agent text,
          model text, time_created integer NOT NULL, time_updated integer NOT NULL, idle_outcome text);
        CREATE TABLE session_message (id text PRIMARY KEY, session_id text NOT NULL, type text NOT NULL,
          seq integer NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
        """;

    private readonly TemporaryDirectory folder = new();
    private long clock = 1_000;

    public string Folder => folder.Path;

    public string Path => folder["opencode.db"];

    /// <summary>Gets where the recorded databases are, as SQL.</summary>
    public static string RecordedFolder { get; } =
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(OpencodeFiles.RecordedPath)!, "..", "opencode2");

    public void Sql(string sql) => OpencodeFiles.Execute(Path, sql);

    public void Session(string id, string? parent = null, string title = "Title", string directory = "/project") =>
        OpencodeFiles.Execute(Path,
            "INSERT INTO session_v2 (id, project_id, parent_id, directory, title, version, time_created, time_updated) "
            + "VALUES ($id, 'p', $parent, $directory, $title, '2.0.26', $now, $now)", ("$id", id), ("$parent", parent),
            ("$directory", directory), ("$title", title), ("$now", ++clock));

    /// <summary>Writes a row, or writes it over, at a later time.</summary>
    public void Row(string session, string id, string type, int seq, string data) => OpencodeFiles.Execute(Path,
        "INSERT INTO session_message VALUES ($id, $session, $type, $seq, $now, $now, $data) ON CONFLICT (id) DO UPDATE "
        + "SET data = $data, time_updated = $now", ("$id", id), ("$session", session), ("$type", type), ("$seq", seq),
        ("$now", ++clock), ("$data", data));

    public void Dispose() => folder.Dispose();
}

/// <summary>Cases on recorded databases beside the repository; skipped, visibly, without them.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RecordedTheoryAttribute : TheoryAttribute
{
    public RecordedTheoryAttribute()
    {
        if (!Directory.Exists(Opencode2Files.RecordedFolder))
            Skip = "needs ../shared/fixtures/opencode2 beside the repository";
    }
}
