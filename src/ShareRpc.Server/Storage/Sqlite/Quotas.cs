using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>What refs used of a day, remembered because each batch asks for it. For the write connection.</summary>
internal sealed class Quotas(Statements statements)
{
    private const int Most = 4_096;
    private readonly Dictionary<(long Ref, bool IsTotal), (long Day, DayUse Use)> known = [];

    public DayUse Find(long refKey, long day)
    {
        (long, bool) key = (refKey, day == ShareRoom.Total);
        if (known.TryGetValue(key, out (long Day, DayUse Use) found) && found.Day == day) return found.Use;
        DayUse use = SqliteReads.ReadQuota(statements, refKey, day);
        if (known.Count >= Most) known.Clear();
        known[key] = (day, use);
        return use;
    }

    public void Add(long refKey, long day, DayUse more)
    {
        DayUse use = Find(refKey, day).Plus(more);
        if (day != ShareRoom.Total)
            statements.Execute("DELETE FROM quota WHERE ref_key = ?1 AND day < ?2", refKey, day);
        statements.Execute(
            """
            INSERT INTO quota (ref_key, day, ops, bytes, rejections, duplicates) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (ref_key, day) DO UPDATE SET
              ops = excluded.ops, bytes = excluded.bytes, rejections = excluded.rejections,
              duplicates = excluded.duplicates
            """,
            refKey, day, use.Ops, use.Bytes, use.Rejections, use.Duplicates);
        known[(refKey, day == ShareRoom.Total)] = (day, use);
    }

    /// <summary>Call when rows were removed or taken back.</summary>
    public void Forget() => known.Clear();
}
