using System.Text;
using System.Text.Json;
using Npgsql;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>Reads rows by the order of the columns that are listed beside.</summary>
internal static class PostgresRows
{
    public const string ShareColumns =
        "s.share_key, s.share_id, s.owner_ref_key, s.creator_key, s.label, s.state, s.folded, s.created_ms, "
        + "s.scanned, s.compacted, s.version, s.head, s.appended_ms, s.kept_ms";

    public const string RefColumns =
        "ref_key, cap_id, share_key, parent_key, parent_epoch, depth, rights, caveats, epoch, label, verifier, "
        + "created_ms, revoked_ms, suspended_ms, retired_ms, passphrase, uses, used_ms, last_redeemed_ms, "
        + "grant_ends_ms";

    public const string OpColumns =
        """
        o.cursor, o.op_id, o.verb, o.kind, o.key, o.data, w.writer_id, o.seq,
        COALESCE(r.cap_id, (SELECT cap_id FROM gone_ref WHERE ref_key = o.actor_key)), o.time_ms, o.schema_version,
        o.class, o.class_before
        """;

    /// <summary>Of a document without data of its own: that of the put at its cursor.</summary>
    public const string DocColumns = """
        kind, key, cursor,
        COALESCE(data, (SELECT o.data FROM op o WHERE o.share_key = doc.share_key AND o.cursor = doc.cursor)),
        size, class
        """;

    public const string WriterColumns = "writer_key, writer_id, ref_key, acked_seq";

    /// <summary>A text id is filled up to this, so that it is never taken for the 16 bytes of a UUID.</summary>
    private const int TextIdBytes = 17;

    public static ShareRow Share(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3), Text(row, 4),
        (ShareState)row.GetInt32(5), row.GetInt64(6), row.GetInt64(7), row.GetInt64(8), row.GetInt64(9))
    {
        Version = row.GetInt64(10), KeptMs = row.GetInt64(13),
    };

    /// <summary>Reads the owner's id behind the columns of the share.</summary>
    public static ShareListRow ListedShare(NpgsqlDataReader row) =>
        new(Share(row), row.GetInt64(11), Number(row, 12), row.GetString(14));

    public static RefRow Ref(NpgsqlDataReader row) => new()
    {
        Key = row.GetInt64(0), CapId = row.GetString(1), ShareKey = Number(row, 2), ParentKey = Number(row, 3),
        ParentEpoch = row.GetInt64(4), Depth = row.GetInt32(5), Rights = (Rights)row.GetInt32(6),
        Caveats = JsonSerializer.Deserialize<Caveats>(row.GetString(7), ProtocolJson.Options)!,
        Epoch = row.GetInt64(8), Label = Text(row, 9), Verifier = Bytes(row, 10), CreatedMs = row.GetInt64(11),
        RevokedMs = Number(row, 12), SuspendedMs = Number(row, 13), RetiredMs = Number(row, 14),
        Passphrase = Text(row, 15), Uses = row.GetInt64(16), UsedMs = Number(row, 17),
        LastRedeemedMs = Number(row, 18), GrantEndsMs = Number(row, 19),
    };

    public static WriterRow Writer(NpgsqlDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3));

    public static LoggedOp Op(NpgsqlDataReader row) => new()
    {
        Cursor = row.GetInt64(0), OpId = OpId(Bytes(row, 1)), Verb = Verb(row.GetString(2)), Kind = row.GetString(3),
        Key = row.GetString(4), Data = Data(row, 5), WriterId = Text(row, 6), Seq = Number(row, 7),
        Actor = CommentKey.ActorOf(row.GetString(3), row.GetString(8)),
        TimeMs = row.GetInt64(9), SchemaVersion = row.GetInt32(10),
        ContentClass = row.GetInt32(11), ClassBefore = row.GetInt32(12),
    };

    public static StoredDoc Doc(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetInt64(2), Data(row, 3), row.GetInt64(4),
        (ContentClass)row.GetInt32(5));

    /// <summary>Reads op id, digest, cursor, whether it was applied, and the code of a rejection.</summary>
    public static OpRecord Record(NpgsqlDataReader row) => Record(row, 0);

    public static OpRecord Record(NpgsqlDataReader row, int from) => new(
        OpId(Bytes(row, from)), Bytes(row, from + 1), row.GetInt64(from + 2), row.GetBoolean(from + 3),
        row.IsDBNull(from + 4) ? null : (ErrorCode)row.GetInt32(from + 4));

    public static SessionShareRow SessionShare(NpgsqlDataReader row) =>
        new(row.GetInt64(0), row.GetInt64(1), row.GetString(2));

    public static AuditSeal Seal(NpgsqlDataReader row) =>
        new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), Bytes(row, 3));

    public static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static long? Number(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetInt64(column);

    public static byte[] Bytes(NpgsqlDataReader row, int column) => row.GetFieldValue<byte[]>(column);

    public static RawJson? Data(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : new RawJson(Bytes(row, column));

    /// <summary>Avoids a string for each op.</summary>
    public static string Verb(string verb) =>
        verb == Verbs.Put ? Verbs.Put : verb == Verbs.Append ? Verbs.Append : verb == Verbs.Remove ? Verbs.Remove
        : verb;

    /// <summary>Stores a lower-case UUID as its 16 bytes, any other id as text of at least 17 bytes.</summary>
    public static byte[] OpId(string opId)
    {
        if (opId.Length == 36 && Guid.TryParseExact(opId, "D", out Guid id) && id.ToString() == opId)
            return id.ToByteArray(bigEndian: true);
        byte[] bytes = new byte[Math.Max(Encoding.UTF8.GetByteCount(opId), TextIdBytes)];
        Encoding.UTF8.GetBytes(opId, bytes);
        return bytes;
    }

    public static string OpId(byte[] stored) => stored.Length < TextIdBytes
        ? new Guid(stored, bigEndian: true).ToString()
        : Encoding.UTF8.GetString(stored.AsSpan().TrimEnd((byte)0));
}
