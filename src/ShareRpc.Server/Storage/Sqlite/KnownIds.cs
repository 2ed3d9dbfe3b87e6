using System.Buffers.Binary;
using ShareRpc.Protocol.Errors;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>Finds which op ids a share knows. Ids that rise with time cost a batch two looks at an index.</summary>
internal sealed class KnownIds(Statements statements)
{
    private readonly PreparedStatement findOp = statements.Prepare(
        "SELECT op_id, digest, cursor, 1, NULL FROM op WHERE op_id = ?2 AND share_key = ?1");

    private readonly PreparedStatement findUnapplied = statements.Prepare(
        """
        SELECT op_id, digest, cursor, 0, code FROM rejection WHERE share_key = ?1 AND op_id = ?2
        ORDER BY code IS NOT NULL, rowid DESC LIMIT 1
        """);

    private readonly PreparedStatement hasUnapplied = statements.Prepare(
        "SELECT EXISTS (SELECT 1 FROM rejection WHERE share_key = ?1)");

    private readonly PreparedStatement hasBetween = statements.Prepare(
        "SELECT EXISTS (SELECT 1 FROM op WHERE op_id BETWEEN ?1 AND ?2)");

    /// <summary>Returns the records of those that are known; null for none.</summary>
    public Dictionary<string, OpRecord>? Find(long shareKey, IReadOnlyList<string> opIds)
    {
        bool mayBeApplied = !AreAllNew(opIds);
        bool mayBeUnapplied = hasUnapplied.Bind(1, shareKey).RunForNumber() != 0;
        if (!mayBeApplied && !mayBeUnapplied) return null;
        Dictionary<string, OpRecord>? records = null;
        foreach (string opId in opIds)
        {
            OpRecord? record = mayBeApplied ? Find(findOp, shareKey, opId) : null;
            if (mayBeUnapplied) record ??= Find(findUnapplied, shareKey, opId);
            if (record is not null) (records ??= new(StringComparer.Ordinal))[opId] = record;
        }

        return records;
    }

    public static OpRecord ReadRecord(Rows row) => new(
        StoredOpId.Read(row, 0), row.Blob(1).ToArray(), row.Number(2), row.Number(3) == 1,
        (ErrorCode?)row.NumberOrNull(4));

    /// <summary>Returns true only if there is no op, of whichever share, with an id among these.</summary>
    private bool AreAllNew(IReadOnlyList<string> opIds)
    {
        if (opIds.Count == 1) return false;
        Span<byte> id = stackalloc byte[StoredOpId.Bytes];
        (UInt128 least, UInt128 most) = (UInt128.MaxValue, UInt128.MinValue);
        foreach (string opId in opIds)
        {
            if (!StoredOpId.TryWrite(opId, id)) return false;
            UInt128 number = BinaryPrimitives.ReadUInt128BigEndian(id);
            (least, most) = (UInt128.Min(least, number), UInt128.Max(most, number));
        }

        BinaryPrimitives.WriteUInt128BigEndian(id, least);
        hasBetween.BindCopy(1, id);
        BinaryPrimitives.WriteUInt128BigEndian(id, most);
        return hasBetween.BindCopy(2, id).RunForNumber() == 0;
    }

    private static OpRecord? Find(PreparedStatement find, long shareKey, string opId)
    {
        using Rows row = find.Bind(1, shareKey).BindOpId(2, opId).Query();
        return row.Read() ? ReadRecord(row) : null;
    }
}
