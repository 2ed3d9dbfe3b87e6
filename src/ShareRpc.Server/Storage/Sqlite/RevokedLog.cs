using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// <c>revoked.log</c> beside the database: changes of access, a JSON object a line, synced before the database commits
/// them. A backup holds none and a restore never replaces it, so that an older database learns what was revoked since.
/// Its first line names the entries that it does not have. One thread at a time.
/// </summary>
internal sealed class RevokedLog : IDisposable
{
    public const string FileName = "revoked.log";

    private readonly FileStream stream;
    private readonly bool neverSyncs;
    private readonly List<RevokedEntry> pending = [];
    private long? lengthBefore;


    private RevokedLog(FileStream stream, bool neverSyncs, long last) =>
        (this.stream, this.neverSyncs, Last) = (stream, neverSyncs, last);

    /// <summary>Gets the number of the newest entry.</summary>
    public long Last { get; private set; }

    /// <summary>Opens or creates the file; what a crash left unfinished at its end is cut off.</summary>
    /// <param name="path">The file.</param>
    /// <param name="known">How many entries the database has; a new file begins after them.</param>
    /// <param name="neverSyncs">For measurements.</param>
    /// <param name="entries">What the file holds.</param>
    public static RevokedLog Open(string path, long known, bool neverSyncs, out IReadOnlyList<RevokedEntry> entries)
    {
        FileStream stream = OwnerOnly.OpenShared(path);
        try
        {
            (long after, entries, long length) = Read(path, stream);
            if (length != stream.Length) stream.SetLength(length);
            stream.Position = length;
            if (length == 0)
            {
                after = known;
                stream.Write(Encoding.UTF8.GetBytes($"{{\"after\":{known}}}\n"));
                if (!neverSyncs)
                {
                    stream.Flush(flushToDisk: true);
                    DurableDirectory.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
                }
            }

            long newest = entries.Count > 0 ? entries[^1].Number : after;
            return new RevokedLog(stream, neverSyncs, Math.Max(newest, known));
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
    public static bool Covers(string path, long known)
    {
        if (!File.Exists(path)) return false;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        (long after, _, long length) = Read(path, stream);
        return length > 0 && after <= known;
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
        lengthBefore = stream.Length;
        using var lines = new MemoryStream();
        foreach (RevokedEntry entry in pending)
        {
            JsonSerializer.Serialize(lines, entry with { Number = ++Last }, ProtocolJson.Options);
            lines.WriteByte((byte)'\n');
        }

        try
        {
            stream.Position = stream.Length;
            stream.Write(lines.GetBuffer(), 0, (int)lines.Length);
            if (!neverSyncs) stream.Flush(flushToDisk: true);
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
        if (lengthBefore is not { } length) return;
        lengthBefore = null;
        Last -= taken;
        try
        {
            stream.SetLength(length);
            if (!neverSyncs) stream.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            // It stays, and a restore takes away more access than it must.
        }
    }

    public void Dispose() => stream.Dispose();

    private static (long After, IReadOnlyList<RevokedEntry> Entries, long Length) Read(string path, FileStream stream)
    {
        var entries = new List<RevokedEntry>();
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        int length = content.AsSpan().LastIndexOf((byte)'\n') + 1;
        long after = 0;
        try
        {
            int begin = 0;
            for (int end; begin < length; begin = end + 1)
            {
                end = begin + content.AsSpan(begin).IndexOf((byte)'\n');
                ReadOnlySpan<byte> line = content.AsSpan(begin..end);
                if (begin == 0) after = JsonDocument.Parse(line.ToArray()).RootElement.GetProperty("after").GetInt64();
                else entries.Add(JsonSerializer.Deserialize<RevokedEntry>(line, ProtocolJson.Options)!);
            }
        }
        catch (Exception exception) when (
            exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new StorageException(StorageFailure.Damaged,
                $"{path} is damaged: put back a sound copy. Without one, move it away, then run sharerpc restore: it "
                + "suspends all access.", exception);
        }

        return (after, entries, length);
    }
}
