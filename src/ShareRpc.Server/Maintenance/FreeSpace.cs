namespace ShareRpc.Server.Maintenance;

/// <summary>Free space of the file system that holds a directory.</summary>
internal static class FreeSpace
{
    /// <summary>Returns the bytes that this user may still write; null if the system does not tell.</summary>
    public static long? Of(string directory)
    {
        try
        {
            return new DriveInfo(Path.GetFullPath(directory)).AvailableFreeSpace;
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
