using ShareRpc.Protocol.Errors;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// Finds which op ids a share knows: the newest in memory, those up to the checkpoint in <c>known_id</c>. An append
/// writes no index of ids; ids that rise with time cost it no look at one. For the write connection.
/// </summary>
internal sealed class KnownIds(Statements statements, int mostIds = KnownIds.MostIds)
{
    /// <summary>Shares whose ids are in memory.</summary>
    public const int MostShares = 4_096;

    /// <summary>Ids in memory, of all shares together, as <see cref="NewestIds.Weight"/> counts: some 40 MB.</summary>
    public const int MostIds = 500_000;

    private readonly PreparedStatement findOp = statements.Prepare(
        "SELECT op_id, digest, cursor, 1, NULL FROM op WHERE share_key = ?1 AND cursor = ?2");

    private readonly PreparedStatement findIndexed = statements.Prepare(
        "SELECT cursor FROM known_id WHERE share_key = ?1 AND op_id = ?2");

    private readonly PreparedStatement hasIndexed = statements.Prepare(
        "SELECT EXISTS (SELECT 1 FROM known_id WHERE share_key = ?1 AND op_id BETWEEN ?2 AND ?3)");

    private readonly PreparedStatement mostIndexed = statements.Prepare(
        "SELECT MAX(op_id) FROM known_id WHERE share_key = ?1");

    private readonly PreparedStatement findUnapplied = statements.Prepare(
        """
        SELECT op_id, digest, cursor, 0, code FROM rejection WHERE share_key = ?1 AND op_id = ?2
        ORDER BY code IS NOT NULL, rowid DESC LIMIT 1
        """);

    private readonly PreparedStatement hasUnapplied = statements.Prepare(
        "SELECT EXISTS (SELECT 1 FROM rejection WHERE share_key = ?1)");

    private readonly PreparedStatement newestOps = statements.Prepare(
        """
        SELECT op_id, cursor FROM op WHERE share_key = ?1
          AND cursor > (SELECT folded FROM share WHERE share_key = ?1) ORDER BY cursor
        """);

    private readonly PreparedStatement index = statements.Prepare(
        """
        INSERT OR IGNORE INTO known_id (share_key, op_id, cursor)
        SELECT share_key, op_id, cursor FROM op WHERE share_key = ?1
          AND cursor > (SELECT folded FROM share WHERE share_key = ?1) AND cursor <= ?2 ORDER BY op_id
        """);

    private readonly Dictionary<long, NewestIds> shares = [];
    private readonly List<StoredOpId> asked = [];
    private long loaded;
    private long uses;

    /// <summary>Gets the weight of what is in memory.</summary>
    public long Loaded => loaded;

    /// <summary>Returns the records of those that are known; null for none.</summary>
    public Dictionary<string, OpRecord>? Find(long shareKey, IReadOnlyList<string> opIds)
    {
        NewestIds newest = NewestOf(shareKey);
        asked.Clear();
        foreach (string opId in opIds) asked.Add(StoredOpId.Of(opId));
        bool mayBeIndexed = MayBeIndexed(newest, shareKey);
        Dictionary<string, OpRecord>? records = null;
        for (int i = 0; i < asked.Count; i++)
        {
            long cursor = newest.Find(asked[i]);
            if (cursor == 0 && mayBeIndexed)
                cursor = findIndexed.Bind(1, shareKey).BindOpId(2, opIds[i]).RunForNumber();
            OpRecord? record = cursor > 0 ? Read(findOp.Bind(1, shareKey).Bind(2, cursor)) : null;
            if (record is null && newest.HasUnapplied)
                record = Read(findUnapplied.Bind(1, shareKey).BindOpId(2, opIds[i]));
            if (record is not null) (records ??= new(StringComparer.Ordinal))[opIds[i]] = record;
        }

        return records;
    }

    /// <summary>Returns what an append adds to, as it is before.</summary>
    public NewestIds NewestOf(long shareKey)
    {
        if (shares.TryGetValue(shareKey, out NewestIds? newest))
        {
            newest.UsedAt = ++uses;
            return newest;
        }

        newest = new NewestIds { HasUnapplied = hasUnapplied.Bind(1, shareKey).RunForNumber() != 0, UsedAt = ++uses };
        using (Rows row = newestOps.Bind(1, shareKey).Query())
        {
            while (row.Read()) newest.TryAdd(StoredOpId.Of(StoredOpId.Read(row, 0)), row.Number(1));
        }

        shares.Add(shareKey, newest);
        Added(newest.Weight);
        return newest;
    }

    /// <summary>
    /// Counts ids that were added to the newest of a share, and drops those of shares that were not used for the
    /// longest: they are read again when they are asked for.
    /// </summary>
    public void Added(int weight)
    {
        loaded += weight;
        if (loaded <= mostIds && shares.Count <= MostShares) return;
        var byUse = shares.OrderBy(share => share.Value.UsedAt).Take(shares.Count - 1).ToList();
        foreach ((long key, NewestIds old) in byUse)
        {
            if (loaded <= mostIds * 3L / 4 && shares.Count <= MostShares * 3 / 4) return;
            shares.Remove(key);
            loaded -= old.Weight;
        }
    }

    /// <summary>Writes the ids up to a new checkpoint; call it while the share has the one before.</summary>
    public void Index(long shareKey, long upTo)
    {
        index.Bind(1, shareKey).Bind(2, upTo).Run();
        if (!shares.TryGetValue(shareKey, out NewestIds? newest)) return;
        int before = newest.Weight;
        newest.Index(upTo);
        loaded += newest.Weight - before;
    }

    /// <summary>Call after a rollback.</summary>
    public void Forget()
    {
        shares.Clear();
        loaded = 0;
    }

    public static OpRecord ReadRecord(Rows row) => new(
        StoredOpId.Read(row, 0), row.Blob(1).ToArray(), row.Number(2), row.Number(3) == 1,
        (ErrorCode?)row.NumberOrNull(4));

    private static OpRecord? Read(PreparedStatement find)
    {
        using Rows row = find.Query();
        return row.Read() ? ReadRecord(row) : null;
    }

    private bool MayBeIndexed(NewestIds newest, long shareKey)
    {
        (UInt128 least, UInt128 most) = (UInt128.MaxValue, UInt128.MinValue);
        foreach (StoredOpId id in asked)
        {
            if (id.Text is not null) return true;
            (least, most) = (UInt128.Min(least, id.Number), UInt128.Max(most, id.Number));
        }

        if (least > (newest.MostIndexed ??= ReadMost(shareKey))) return false;
        if (asked.Count == 1) return true;

        // An id that somebody chose to be the largest costs a look for a batch, not for each op.
        Span<byte> bytes = stackalloc byte[StoredOpId.Bytes];
        StoredOpId.Write(least, bytes);
        hasIndexed.Bind(1, shareKey).BindCopy(2, bytes);
        StoredOpId.Write(most, bytes);
        return hasIndexed.BindCopy(3, bytes).RunForNumber() != 0;
    }

    /// <summary>Texts are less than any UUID.</summary>
    private UInt128 ReadMost(long shareKey)
    {
        using Rows row = mostIndexed.Bind(1, shareKey).Query();
        return row.Read() && row.IsBlob(0) ? StoredOpId.Of(StoredOpId.Read(row, 0)).Number : UInt128.MinValue;
    }
}
