using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ShareRpc.Protocol.Limits;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>
/// The <c>storage</c> folder, read-only. Links are not followed; depth is fixed. <c>session_share</c> holds secrets and
/// is not read.
/// </summary>
internal sealed class StorageTree
{
    private const string Extension = ".json";
    private const int MaxIdLength = 100;

    private static readonly string[] Kept = ["message", "part", "session", "session_diff", "todo"];
    private static readonly SearchValues<char> IdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private StorageTree(string root)
    {
        Root = root;
    }

    /// <summary>Gets the absolute path, the import's key.</summary>
    public string Root { get; }

    /// <summary>Takes the folder or its parent; else throws <see cref="Opencode.OpencodeException"/>.</summary>
    public static StorageTree Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        foreach (string candidate in new[] { full, Path.Combine(full, "storage") })
        {
            if (!Directory.Exists(Path.Combine(candidate, "session"))) continue;
            return new StorageTree(Directory.ResolveLinkTarget(candidate, returnFinalTarget: true)?.FullName
                ?? candidate);
        }

        throw new Opencode.OpencodeException(
            $"{path} is no storage folder of opencode before 1.2: it has no session folder. It is usually "
                + "~/.local/share/opencode/storage; "
            + "newer versions keep a database (share --opencode).");
    }

    public IReadOnlyList<StorageFile> Files(string folder, SkipList skips)
    {
        var files = new List<StorageFile>();
        foreach (FileSystemInfo entry in Entries(folder, skips))
        {
            string path = $"{folder}/{entry.Name}";
            if (IsLink(entry)) skips.Add(path, SkipReason.SymbolicLink);
            else if (entry is DirectoryInfo || !IsName(entry.Name)) skips.Add(path, SkipReason.UnknownName);
            else files.Add(new StorageFile(entry.FullName, path, entry.Name[..^Extension.Length]));
        }

        return files;
    }

    /// <summary>Returns null for a missing file or a link.</summary>
    public StorageFile? Find(string folder, string id)
    {
        var directory = new DirectoryInfo(Path.Combine(Root, folder));
        var file = new FileInfo(Path.Combine(directory.FullName, id + Extension));
        return file.Exists && !IsLink(directory)
            && !IsLink(file) ? new StorageFile(file.FullName, $"{folder}/{file.Name}", id) : null;
    }

    public IReadOnlyList<string> Folders(string folder, SkipList skips)
    {
        var folders = new List<string>();
        foreach (FileSystemInfo entry in Entries(folder, skips))
        {
            string path = $"{folder}/{entry.Name}";
            if (IsLink(entry)) skips.Add(path, SkipReason.SymbolicLink);
            else if (entry is not DirectoryInfo || !IsId(entry.Name)) skips.Add(path, SkipReason.UnknownName);
            else folders.Add(entry.Name);
        }

        return folders;
    }

    /// <summary>Returns the SHA-256 over path, length (-1 if not read) and content.</summary>
    public string Hash(CancellationToken cancellationToken)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var unused = new SkipList();
        foreach (StorageFile file in Kept.SelectMany(folder => AllFiles(folder, unused)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            (byte[]? content, _) = FileContent.Read(file);
            string length = (content?.Length ?? -1).ToString(CultureInfo.InvariantCulture);
            all.AppendData(Encoding.UTF8.GetBytes($"{file.Path}\n{length}\n"));
            all.AppendData(content ?? []);
        }

        return Convert.ToHexStringLower(all.GetHashAndReset());
    }

    private IEnumerable<StorageFile> AllFiles(string folder, SkipList skips) => folder is "session_diff" or "todo"
        ? Files(folder, skips)
        : Folders(folder, skips).SelectMany(inner => Files($"{folder}/{inner}", skips));

    /// <summary>Returns ordinal order; empty if missing, linked or unreadable.</summary>
    private IReadOnlyList<FileSystemInfo> Entries(string folder, SkipList skips)
    {
        var directory = new DirectoryInfo(Path.Combine([Root, .. folder.Split('/')]));
        if (!directory.Exists) return [];
        if (IsLink(directory))
        {
            skips.Add(folder, SkipReason.SymbolicLink);
            return [];
        }

        try
        {
            return [.. directory.EnumerateFileSystemInfos("*",
                new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false })
                .OrderBy(entry => entry.Name, StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            skips.Add(folder, SkipReason.Unreadable);
            return [];
        }
    }

    private static bool IsLink(FileSystemInfo entry) =>
        entry.LinkTarget is not null || entry.Attributes.HasFlag(FileAttributes.ReparsePoint);

    private static bool IsName(string name) =>
        name.EndsWith(Extension, StringComparison.Ordinal) && IsId(name[..^Extension.Length]);

    private static bool IsId(string id) =>
        id.Length is > 0 and <= MaxIdLength && !id.AsSpan().ContainsAnyExcept(IdCharacters);
}

/// <summary>A regular file of the tree.</summary>
/// <param name="FullPath">Where it is.</param>
/// <param name="Path">Relative to the tree, with slashes.</param>
/// <param name="Id">Its name without <c>.json</c>: the id of what it holds.</param>
internal readonly record struct StorageFile(string FullPath, string Path, string Id);

internal static class FileContent
{
    /// <summary>Twice the op limit: the files are indented.</summary>
    public static readonly int MaxBytes = 2 * ProtocolLimits.Default.OpBytes;

    public static (byte[]? Bytes, SkipReason? Reason) Read(StorageFile file)
    {
        try
        {
            var info = new FileInfo(file.FullPath);
            if (info.LinkTarget is not null) return (null, SkipReason.SymbolicLink);

            // Pipes and devices have length 0; opening one could block forever.
            if (info.Length == 0) return (null, SkipReason.NotJson);
            if (info.Length > MaxBytes) return (null, SkipReason.TooLarge);
            var options = new FileStreamOptions
            {
                Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
            };
            using var stream = new FileStream(file.FullPath, options);
            using var bytes = new MemoryStream((int)info.Length);
            byte[] chunk = new byte[64 * 1024];
            for (int read = stream.Read(chunk); read > 0; read = stream.Read(chunk))
            {
                bytes.Write(chunk, 0, read);
                if (bytes.Length > MaxBytes) return (null, SkipReason.TooLarge);
            }

            return bytes.Length == 0 ? (null, SkipReason.NotJson) : (bytes.ToArray(), null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (null, SkipReason.Unreadable);
        }
    }
}
