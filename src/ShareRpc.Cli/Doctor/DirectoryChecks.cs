using ShareRpc.Cli.State;
using ShareRpc.Server.Maintenance;
using ShareRpc.Sqlite;

namespace ShareRpc.Cli.Doctor;

/// <summary>Looks at a directory that a database is in: rights, kind of file system, free space.</summary>
internal static class DirectoryChecks
{
    private const long LeastBytes = 100L * 1024 * 1024;
    private static readonly string[] Remote = ["nfs", "nfs4", "cifs", "smb2", "smbfs", "fuse.sshfs", "9p", "ceph"];

    /// <param name="path">The directory.</param>
    /// <param name="flag">The flag that names another one.</param>
    /// <param name="least">The bytes that should be free; null: 100 MiB.</param>
    public static IEnumerable<Finding> Run(string path, string flag, long? least = null)
    {
        if (File.Exists(path))
        {
            yield return Finding.Fail("rights", $"{path} is a file.", $"Name a directory with {flag}.");
            yield break;
        }

        string existing = path;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent) existing = parent;
        yield return CheckRights(path, existing, flag);
        if (OwnerOnly.CanOthersWrite(path))
            yield return Finding.Warn(
                "rights", $"Others can write to {path}, and so replace its files.", $"chmod go-w {path}");
        if (FormatOf(existing) is { } format && Remote.Contains(format))
        {
            yield return Finding.Warn("disk", $"{existing} is on a network file system ({format}).",
                $"Use a local disk: SQLite's locks do not hold on most of them. Name it with {flag}.");
        }

        if (FreeSpace.Of(existing) is not { } free) yield break;
        string said = $"{free / (1024 * 1024):N0} MiB are free on the disk of {existing}.";
        yield return free >= (least ?? LeastBytes) ? Finding.Ok("disk", said)
            : Finding.Fail("disk", said, $"Free some space, or name a directory of another disk with {flag}.");
    }

    private static Finding CheckRights(string path, string existing, string flag)
    {
        string probe = Path.Combine(existing, $".sharerpc-doctor-{Environment.ProcessId}");
        try
        {
            using (File.Create(probe, 1, FileOptions.DeleteOnClose)) return Finding.Ok("rights", existing == path
                ? $"This user may write to {path}." : $"{path} is not there yet; this user may make it.");
        }
        catch (UnauthorizedAccessException)
        {
            return Finding.Fail("rights", $"{Environment.UserName} may not write to {existing}.",
                $"Run as the user who owns it, give it to this user (chown), or name another directory with {flag}.");
        }
        catch (IOException error)
        {
            return Finding.Fail("rights", $"{existing} cannot be written to: {LocalFile.Describe(error)}",
                $"See that the file system is sound and mounted for writing, or name another directory with {flag}.");
        }
    }

    private static string? FormatOf(string path)
    {
        try
        {
            return new DriveInfo(path).DriveFormat;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
