using Microsoft.Data.Sqlite;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Sources.Opencode2;

/// <summary>Lists and opens the sessions that OpenCode 2 keeps; those of older versions are named apart.</summary>
internal sealed class Opencode2Storage(string path) : IAgentStorage
{
    /// <summary>The newest sessions whose size and last change are looked up in their rows.</summary>
    private const int Measured = 100;

    public string Agent => "opencode";

    /// <summary>Gets the database.</summary>
    public string DatabasePath => path;

    /// <summary>Gets the database alone: its folder holds much else.</summary>
    public IReadOnlyList<string> WatchedFolders => [path];

    /// <summary>Gets whether the file holds the tables of OpenCode 1.</summary>
    public bool HasOlder
    {
        get
        {
            using Opencode2Database database = Opencode2Database.Open(path);
            return database.Generation is OpencodeGeneration.One or OpencodeGeneration.Both;
        }
    }

    /// <summary>Returns the storage where OpenCode keeps it on this machine; null if there is none.</summary>
    public static Opencode2Storage? Find(AgentHome home) =>
        OpencodePaths.Find(home) is { } found && Permission.MayHold(found) ? new Opencode2Storage(found) : null;

    public IReadOnlyList<AgentSession> Sessions() => List(OpencodeGeneration.Two, ListNew);

    /// <summary>Lists the sessions that only the tables of OpenCode 1 hold, newest first, without subagents.</summary>
    public IReadOnlyList<AgentSession> OlderSessions() => List(OpencodeGeneration.One, database => [.. database.Query(
        "SELECT id, title, directory, version, time_updated FROM session s WHERE parent_id IS NULL"
        + (database.Generation == OpencodeGeneration.Both
            ? " AND NOT EXISTS (SELECT 1 FROM session_v2 v WHERE v.id = s.id)" : "")
        + " ORDER BY time_updated DESC, id DESC").Select(row => Session(row, row.GetInt64(4), -1))]);

    public ISessionReader Open(AgentSession session, string? bookmark) =>
        new Opencode2Reader(path, session.Id, Opencode2Bookmark.FromJson(bookmark));

    private IReadOnlyList<AgentSession> List(
        OpencodeGeneration generation, Func<Opencode2Database, IReadOnlyList<AgentSession>> list)
    {
        if (!Permission.MayHold(path)) return [];
        try
        {
            using Opencode2Database database = Opencode2Database.Open(path);
            return database.Generation == generation || database.Generation == OpencodeGeneration.Both
                ? list(database) : [];
        }
        catch (SqliteException error)
        {
            throw new OpencodeException(
                $"{path} could not be read just now (SQLite error {error.SqliteErrorCode}). If that stays so, look "
                + "whether another program holds it locked.", error);
        }
    }

    /// <summary>Lists sessions; one counts as changed when a subagent's of it did.</summary>
    private IReadOnlyList<AgentSession> ListNew(Opencode2Database database)
    {
        var parents = new Dictionary<string, string>(StringComparer.Ordinal);
        var updated = new Dictionary<string, long>(StringComparer.Ordinal);
        var sizes = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (SqliteDataReader row in database.Query("SELECT id, parent_id, time_updated FROM session_v2"))
        {
            if (!row.IsDBNull(1)) parents[row.GetString(0)] = row.GetString(1);
            updated[row.GetString(0)] = row.GetInt64(2);
        }

        foreach (SqliteDataReader row in database.Query(
            "SELECT session_id, max(time_updated), sum(octet_length(data)) FROM session_message WHERE session_id"
            + $" IN (SELECT id FROM session_v2 ORDER BY time_updated DESC LIMIT {Measured}) GROUP BY session_id"))
        {
            string id = row.GetString(0);
            updated[id] = Math.Max(updated.GetValueOrDefault(id), row.GetInt64(1));
            sizes[id] = row.GetInt64(2);
        }

        foreach ((string child, _) in parents)
        {
            string root = RootOf(child, parents);
            updated[root] = Math.Max(updated.GetValueOrDefault(root), updated[child]);
            if (sizes.TryGetValue(child, out long size)) sizes[root] = sizes.GetValueOrDefault(root) + size;
        }

        return [.. database.Query(
            "SELECT id, title, directory, version FROM session_v2 WHERE parent_id IS NULL")
            .Select(row => Session(row, updated[row.GetString(0)], sizes.GetValueOrDefault(row.GetString(0), -1)))
            .OrderByDescending(session => session.Updated).ThenByDescending(session => session.Id,
                StringComparer.Ordinal)];
    }

    private static string RootOf(string id, Dictionary<string, string> parents)
    {
        // A circle of parents, which no program makes, must end.
        for (int i = 0; i < parents.Count && parents.TryGetValue(id, out string? parent); i++) id = parent;
        return id;
    }

    private AgentSession Session(SqliteDataReader row, long updated, long size) => new(
        Agent, row.GetString(0), row.IsDBNull(1) ? "" : row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2),
        DateTimeOffset.FromUnixTimeMilliseconds(updated), size, path, row.IsDBNull(3) ? null : row.GetString(3));
}
