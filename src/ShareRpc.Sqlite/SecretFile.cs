namespace ShareRpc.Sqlite;

/// <summary>Writes owner-only files atomically and durably.</summary>
internal static class SecretFile
{
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        string temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new FileStream(temporary, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
        DurableDirectory.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }
}
