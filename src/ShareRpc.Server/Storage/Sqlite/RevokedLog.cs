using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// <c>revoked.log</c> beside the database: changes of access, a JSON object a line, synced before the database commits
/// them. A backup holds none and a restore never replaces it, so that an older database learns what was revoked since.
/// Its first line names the entries that it does not have, and the log: numbers mean nothing in another one, such as
/// that of another server, or of a time that a restore undid. One thread at a time.
/// </summary>
internal sealed class RevokedLog : IDisposable
{
    public const string FileName = "revoked.log";

    private readonly FileStream stream;
    private readonly bool neverSyncs;
    private readonly List<RevokedEntry> pending = [];
    private long length;
    private long? lengthBefore;

    private RevokedLog(FileStream stream, bool neverSyncs, Content content) =>
        (this.stream, this.neverSyncs, length, Id, Last) =
            (stream, neverSyncs, content.Length, content.Id, content.Newest);

    /// <summary>Gets what tells it from other logs; its database has the same.</summary>
    public long Id { get; }

    /// <summary>Gets the number of the newest entry.</summary>
    public long Last { get; private set; }

    /// <summary>
    /// Opens the file; what a crash left unfinished at its end is cut off. One that does not reach as far as the
    /// database, or is not its own, is renamed, and another begun after what the database has.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="known">How many entries the database has.</param>
    /// <param name="id">The log of the database; null to take any.</param>
    /// <param name="neverSyncs">For measurements.</param>
    /// <param name="entries">What the file holds.</param>
    public static RevokedLog Open(
        string path, long known, long? id, bool neverSyncs, out IReadOnlyList<RevokedEntry> entries)
    {
        Content? content = Read(path);
        if (content is null || content.Newest < known || (id is not null && content.Id != id))
        {
            if (content?.Entries.Count > 0) File.Move(path, $"{path}.{content.Id}-{content.Newest}", overwrite: true);
            content = Begin(path, known, [], neverSyncs);
        }

        entries = content.Entries;
        FileStream stream = OwnerOnly.OpenShared(path);
        try
        {
            if (content.Length != stream.Length) stream.SetLength(content.Length);
            return new RevokedLog(stream, neverSyncs, content);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Returns whether a file has every entry after those that a database knows, so that nothing revoked comes back.
    /// </summary>
    public static bool Covers(string path, long known, long id) =>
        Read(path) is { } content && content.Id == id && content.After <= known && content.Newest >= known;

    /// <summary>
    /// Begins a file for a backup that another file does not cover. What that took away is taken over, since it may be
    /// all that is left of it; what it gave back is not.
    /// </summary>
    public static void BeginFrom(string other, string path, long known, long id)
    {
        IEnumerable<RevokedEntry> taken = Read(other) is { } content && content.Id != id
            ? content.Entries.Where(entry => entry.Action != RevokedEntry.Resume) : [];
        Begin(path, known, [.. taken.Select((entry, at) => entry with { Number = known + at + 1 })], neverSyncs: false);
    }

    public void Add(RevokedEntry entry) => pending.Add(entry);

    /// <summary>The database has what was written.</summary>
    public void Forget()
    {
        pending.Clear();
        lengthBefore = null;
    }

    /// <summary>Writes what was added; returns the number of the last entry, or null for none.</summary>
    public long? Write()
    {
        if (pending.Count == 0) return null;
        lengthBefore = length;
        using var lines = new MemoryStream();
        foreach (RevokedEntry entry in pending)
        {
            JsonSerializer.Serialize(lines, entry with { Number = ++Last }, ProtocolJson.Options);
            lines.WriteByte((byte)'\n');
        }

        try
        {
            if (stream.Length != length) stream.SetLength(length); // what could not be taken back
            stream.Position = length;
            stream.Write(lines.GetBuffer(), 0, (int)lines.Length);
            if (!neverSyncs) stream.Flush(flushToDisk: true);
            length += lines.Length;
            return Last;
        }
        catch (IOException exception)
        {
            TakeBack();
            throw new StorageException(StorageFailure.Unavailable,
                $"{stream.Name} cannot be written: free some space, and see that the disk is sound.", exception);
        }
    }

    /// <summary>Forgets what was added, and removes it from the file: the database did not take it.</summary>
    public void TakeBack()
    {
        int taken = pending.Count;
        pending.Clear();
        if (lengthBefore is not { } before) return;
        (length, lengthBefore) = (before, null);
        Last -= taken;
        try
        {
            stream.SetLength(length);
            if (!neverSyncs) stream.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            // It stays until the next entry; a restore before takes away more access than it must.
        }
    }

    public void Dispose() => stream.Dispose();

    private static Content Begin(string path, long after, IReadOnlyList<RevokedEntry> entries, bool neverSyncs)
    {
        long id = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) & long.MaxValue;
        using FileStream stream = OwnerOnly.OpenShared(path);
        stream.SetLength(0);
        stream.Write(Encoding.UTF8.GetBytes($"{{\"after\":{after},\"log\":{id}}}\n"));
        foreach (RevokedEntry entry in entries)
            stream.Write([.. JsonSerializer.SerializeToUtf8Bytes(entry, ProtocolJson.Options), (byte)'\n']);
        if (!neverSyncs)
        {
            stream.Flush(flushToDisk: true);
            DurableDirectory.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }

        return new Content(id, after, entries, stream.Length);
    }

    /// <summary>Returns null for a missing file, or one whose first line a crash cut off.</summary>
    private static Content? Read(string path)
    {
        if (!File.Exists(path)) return null;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var entries = new List<RevokedEntry>();
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        int length = content.AsSpan().LastIndexOf((byte)'\n') + 1;
        if (length == 0) return null;
        long after = 0;
        long id = 0;
        try
        {
            int begin = 0;
            for (int end; begin < length; begin = end + 1)
            {
                end = begin + content.AsSpan(begin).IndexOf((byte)'\n');
                ReadOnlySpan<byte> line = content.AsSpan(begin..end);
                if (begin == 0)
                {
                    JsonElement first = JsonDocument.Parse(line.ToArray()).RootElement;
                    after = first.GetProperty("after").GetInt64();
                    id = first.TryGetProperty("log", out JsonElement log) ? log.GetInt64() : 0;
                    continue;
                }

                entries.Add(JsonSerializer.Deserialize<RevokedEntry>(line, ProtocolJson.Options)!);
                if (entries[^1].Number != after + entries.Count) throw new FormatException("An entry is missing.");
            }
        }
        catch (Exception exception) when (
            exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new StorageException(StorageFailure.Damaged,
                $"{path} is damaged: put back a sound copy. Without one, move it away, then run sharerpc restore: it "
                + "suspends all access.", exception);
        }

        return new Content(id, after, entries, length);
    }

    private sealed record Content(long Id, long After, IReadOnlyList<RevokedEntry> Entries, long Length)
    {
        public long Newest => After + Entries.Count;
    }
}
