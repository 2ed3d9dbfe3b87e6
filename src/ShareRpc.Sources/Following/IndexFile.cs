using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Following;

/// <summary>
/// The file in which an index keeps an entry for each path, mode 0600. Without it, or with a damaged one, the next list
/// takes longer; nothing else is lost.
/// </summary>
internal static class IndexFile
{
    /// <summary>Returns the entries; none if the file is missing or damaged.</summary>
    public static Dictionary<string, T> Load<T>(string path)
        where T : class
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            var entries = JsonSerializer.Deserialize<Dictionary<string, T?>>(stream, ProtocolJson.Options);
            return (entries ?? []).Where(entry => entry.Value is not null)
                .ToDictionary(entry => entry.Key, entry => entry.Value!, StringComparer.Ordinal);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return new(StringComparer.Ordinal);
        }
    }

    /// <summary>Replaces the file; false if the folder cannot be written.</summary>
    public static bool TrySave<T>(string path, IReadOnlyDictionary<string, T> entries)
        where T : class
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            string next = $"{path}.{Environment.ProcessId}";
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var stream = new FileStream(next, options))
                JsonSerializer.Serialize(stream, entries, ProtocolJson.Options);
            File.Move(next, path, overwrite: true);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
