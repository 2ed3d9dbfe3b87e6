namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// The ids of a share's newest ops by their cursors: all that <c>known_id</c> does not have, since it is written with
/// the checkpoint in sorted passes, and some before. Write connection only.
/// </summary>
internal sealed class NewestIds
{
    /// <summary>Ids are dropped so many at a time.</summary>
    private const int Generation = 4_096;

    private const int TextWeight = 3;

    private Dictionary<StoredOpId, long> older = [];
    private Dictionary<StoredOpId, long> newer = [];
    private long lastOlder;
    private long last;
    private int olderWeight;
    private int newerWeight;

    /// <summary>Gets what the ids take, in ids that are UUIDs: some 80 bytes.</summary>
    public int Weight => olderWeight + newerWeight;

    /// <summary>Gets or sets the number of its last use.</summary>
    public long UsedAt { get; set; }

    /// <summary>Gets or sets the largest UUID in <c>known_id</c>; null when that must be looked up.</summary>
    public UInt128? MostIndexed { get; set; }

    /// <summary>Gets or sets whether the share has records of ops that were not applied.</summary>
    public bool HasUnapplied { get; set; }

    /// <summary>Returns false for an id that is there.</summary>
    public bool TryAdd(StoredOpId id, long cursor)
    {
        last = cursor;
        if (older.ContainsKey(id) || !newer.TryAdd(id, cursor)) return false;
        newerWeight += id.Text is null ? 1 : TextWeight;
        return true;
    }

    /// <summary>Returns 0 for an id that is not there.</summary>
    public long Find(StoredOpId id) =>
        newer.TryGetValue(id, out long cursor) || older.TryGetValue(id, out cursor) ? cursor : 0;

    /// <summary>The ids of ops up to a cursor are in <c>known_id</c>.</summary>
    public void Index(long upTo)
    {
        MostIndexed = null;
        if (newer.Count < Generation || lastOlder > upTo) return;
        (older, newer, lastOlder) = (newer, [], last);
        (olderWeight, newerWeight) = (newerWeight, 0);
    }
}
