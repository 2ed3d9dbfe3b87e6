using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>Not thread-safe.</summary>
internal sealed class LogReads(Statements statements)
{
    private const string Docs = """
        SELECT d.kind, d.key, d.cursor,
          COALESCE(d.data, (SELECT o.data FROM op o WHERE o.share_key = d.share_key AND o.cursor = d.cursor)),
          d.size, d.class
        FROM doc d WHERE d.share_key = ?1
        """;

    private readonly PreparedStatement ops = statements.Prepare(
        """
        SELECT o.cursor, o.op_id, o.verb, o.kind, o.key, o.data, w.writer_id, o.seq,
          COALESCE(r.cap_id, (SELECT cap_id FROM gone_ref WHERE ref_key = o.actor_key)),
          o.time_ms, o.schema_version, o.class, o.class_before
        FROM op o LEFT JOIN writer w ON w.writer_key = o.writer_key 
          LEFT JOIN sturdy_ref r ON r.ref_key = o.actor_key
        WHERE o.share_key = ?1 AND o.cursor > ?2 ORDER BY o.cursor LIMIT ?3
        """);

    private readonly PreparedStatement content = statements.Prepare(
        "SELECT verb, data, writer_key FROM op WHERE share_key = ?1 AND cursor = ?2");

    private readonly PreparedStatement tail = statements.Prepare(
        """
        SELECT cursor, verb, kind, key, COALESCE(LENGTH(data), 0), class FROM op WHERE share_key = ?1 AND cursor > ?2
        ORDER BY cursor LIMIT ?3
        """);

    private readonly PreparedStatement doc = statements.Prepare(
        $"{Docs} AND d.kind = ?2 AND d.key = ?3");

    private readonly PreparedStatement docs = statements.Prepare(
        $"{Docs} AND (d.kind, d.key) > (?2, ?3) ORDER BY d.kind, d.key LIMIT ?4");

    private readonly PreparedStatement docsOfKind = statements.Prepare(
        $"{Docs} AND d.kind = ?2 AND d.key > ?3 ORDER BY d.kind, d.key LIMIT ?4");

    public IReadOnlyList<LoggedOp> ReadOps(long shareKey, long after, int limit, int maxBytes)
    {
        var read = new List<LoggedOp>();
        long bytes = 0;
        using Rows row = ops.Bind(1, shareKey).Bind(2, after).Bind(3, limit).Query();
        while (row.Read())
        {
            LoggedOp op = ReadOp(row);
            bytes += op.Data?.Utf8.Length + OpEnvelope.Bytes ?? OpEnvelope.Bytes;
            if (read.Count > 0 && bytes > maxBytes) break;
            read.Add(op);
        }

        return read;
    }

    public (string Verb, ReadOnlyMemory<byte>? Data, long? WriterKey) ReadOpContent(long shareKey, long cursor)
    {
        using Rows row = content.Bind(1, shareKey).Bind(2, cursor).Query();
        if (!row.Read()) throw new InvalidOperationException("There is no such op.");
        return (Verb(row, 0), Data(row, 1)?.Utf8, row.NumberOrNull(2));
    }

    public IReadOnlyList<TailOp> ReadTail(long shareKey, long after, int limit)
    {
        var read = new List<TailOp>();
        using Rows row = tail.Bind(1, shareKey).Bind(2, after).Bind(3, limit).Query();
        while (row.Read())
        {
            read.Add(new TailOp(
                row.Number(0), Verb(row, 1), row.Text(2), row.Text(3), (int)row.Number(4),
                (ContentClass)row.Number(5)));
        }

        return read;
    }

    public StoredDoc? FindDoc(long shareKey, string kind, string key)
    {
        using Rows row = doc.Bind(1, shareKey).Bind(2, kind).Bind(3, key).Query();
        return row.Read() ? ReadDoc(row) : null;
    }

    public IReadOnlyList<StoredDoc> ReadDocs(long shareKey, string? kind, DocKey? after, int limit, int maxBytes)
    {
        PreparedStatement statement = kind is null ? docs : docsOfKind;
        statement.Bind(1, shareKey).Bind(2, kind ?? after?.Kind ?? "").Bind(3, after?.Key ?? "").Bind(4, limit);
        var read = new List<StoredDoc>();
        long bytes = 0;
        using Rows row = statement.Query();
        while (row.Read())
        {
            StoredDoc document = ReadDoc(row);
            bytes += document.Data!.Value.Utf8.Length;
            if (read.Count > 0 && bytes > maxBytes) break;
            read.Add(document);
        }

        return read;
    }

    private static StoredDoc ReadDoc(Rows row) =>
        new(row.Text(0), row.Text(1), row.Number(2), Data(row, 3), row.Number(4), (ContentClass)row.Number(5));

    private static LoggedOp ReadOp(Rows row) => new()
    {
        Cursor = row.Number(0), OpId = StoredOpId.Read(row, 1), Verb = Verb(row, 2), Kind = row.Text(3),
        Key = row.Text(4),
        Data = Data(row, 5), WriterId = row.TextOrNull(6), Seq = row.NumberOrNull(7),
        Actor = CommentKey.ActorOf(row.Text(3), row.Text(8)),
        TimeMs = row.Number(9), SchemaVersion = (int)row.Number(10),
        ContentClass = (int)row.Number(11),
        ClassBefore = (int)row.Number(12),
    };

    private static RawJson? Data(Rows row, int column) =>
        row.IsNull(column) ? null : new RawJson(row.Blob(column).ToArray());

    /// <summary>Avoids string copies.</summary>
    private static string Verb(Rows row, int column)
    {
        ReadOnlySpan<byte> verb = row.Utf8(column);
        return verb.SequenceEqual("put"u8) ? Verbs.Put
            : verb.SequenceEqual("append"u8) ? Verbs.Append
            : verb.SequenceEqual("remove"u8) ? Verbs.Remove : row.Text(column);
    }
}
