using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Opencode;

/// <summary>Finds the database of opencode on this machine.</summary>
internal static class OpencodePaths
{
    /// <summary>
    /// Returns the file that <c>OPENCODE_DB</c> names (a relative name lies in opencode's folder), else
    /// <c>opencode.db</c>, else the newest of <c>opencode-CHANNEL.db</c>; null if there is none. The named file may
    /// not exist: no other is read in its stead.
    /// </summary>
    public static string? Find(AgentHome home)
    {
        string folder = FolderOf(home);
        if (home.Variable("OPENCODE_DB") is { Length: > 0 } named) return Path.Combine(folder, named);
        if (!Path.IsPathFullyQualified(folder)) return null; // a user without a home
        return Existing(Path.Combine(folder, "opencode.db")) ?? Channels(folder).FirstOrDefault();
    }

    /// <summary>Returns the databases of other channels beside a file that were written after it.</summary>
    public static IReadOnlyList<string> NewerBeside(string path)
    {
        DateTime written = WrittenAt(path);
        string full = Path.GetFullPath(path);
        string[] all = [.. Channels(Path.GetDirectoryName(full)!), Path.Combine(Path.GetDirectoryName(full)!,
            "opencode.db")];
        return [.. all.Where(other => other != full && File.Exists(other) && WrittenAt(other) > written)];
    }

    private static string FolderOf(AgentHome home) => home.Variable("XDG_DATA_HOME") is { Length: > 0 } data
        ? Path.Combine(data, "opencode") : Path.Combine(home.Folder, ".local", "share", "opencode");

    private static string? Existing(string path) => Permission.MayHold(path) ? path : null;

    private static IEnumerable<string> Channels(string folder) => !Directory.Exists(folder) ? [] :
        Directory.EnumerateFiles(folder, "opencode-*.db").OrderByDescending(WrittenAt);

    /// <summary>Returns when a database was last written, be it into its log.</summary>
    private static DateTime WrittenAt(string path)
    {
        DateTime file = File.GetLastWriteTimeUtc(path);
        var log = new FileInfo(path + "-wal");
        return log is { Exists: true, Length: > 0 } && log.LastWriteTimeUtc > file ? log.LastWriteTimeUtc : file;
    }
}
