using System.Text.Json;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

internal sealed partial class OutboxFile
{
    /// <summary>
    /// Stores ops behind those before them, with the bookmark they belong to, in one transaction: on disk when the task ends. An op id that
    /// still waits or is parked here is not stored twice; with other content it is a mistake (<see cref="ArgumentException"/>).
    /// </summary>
    public Task EnqueueAsync(
        long shareKey, IReadOnlyList<OpIntent> ops, bool atomic, Bookmark? bookmark, CancellationToken cancellationToken)
    {
        string? group = atomic ? OpId.New() : null;
        return writes.WriteAsync(
            () =>
            {
                Enqueue(shareKey, ops, group, bookmark);
                return true;
            },
            cancellationToken);
    }

    private void Enqueue(long shareKey, IReadOnlyList<OpIntent> ops, string? group, Bookmark? bookmark)
    {
        CheckOpen(shareKey);
        CheckRoom();
        long seq = NextSeq(shareKey);
        bool hasRefused = sql.ReadNumber("SELECT EXISTS (SELECT 1 FROM refused WHERE share_key = ?1)", shareKey) != 0;
        PreparedStatement insert = sql.Prepare(
            """
            INSERT INTO op (row_id, op_id, verb, kind, key, depends_on, if_changed, atomic_group, data)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (op_id, share_key) DO NOTHING
            """);
        foreach (OpIntent op in ops)
        {
            bool isNew = !hasRefused
                || sql.ReadNumber("SELECT EXISTS (SELECT 1 FROM refused WHERE share_key = ?1 AND op_id = ?2)", shareKey,
                    op.OpId) == 0;
            if (isNew)
            {
                insert.Bind(1, RowOf(shareKey, seq)).Bind(2, op.OpId).Bind(3, op.Verb).Bind(4, op.Kind).Bind(5, op.Key)
                    .Bind(6, DependsOnOf(op)).Bind(7, op.IfChanged == true ? 1 : 0).Bind(8, group).BindBytes(9, op.Data?.Utf8);
                isNew = insert.Run() == 1;
            }

            if (isNew) seq++;
            else CheckSame(shareKey, op);
        }

        if (bookmark is null) return;
        sql.Execute(
            """
            INSERT INTO bookmark (share_key, name, value) VALUES (?1, ?2, ?3)
            ON CONFLICT (share_key, name) DO UPDATE SET value = excluded.value
            """, shareKey, bookmark.Name, bookmark.Value);
    }

    private void CheckOpen(long shareKey)
    {
        bool isClosed = sql.ReadNumber("SELECT closed_code IS NOT NULL FROM share WHERE share_key = ?1", shareKey) != 0;
        if (!isClosed) return;
        string? closed = sql.ReadText("SELECT closed_code FROM share WHERE share_key = ?1", shareKey);
        throw new OutboxException($"Nothing more can be sent to this share: {closed}.");
    }

    /// <summary>Backpressure: a full outbox refuses loudly rather than growing or dropping.</summary>
    private void CheckRoom()
    {
        long pages = sql.ReadNumber("PRAGMA page_count") - sql.ReadNumber("PRAGMA freelist_count");
        if (pages * database.Log.PageBytes < maxBytes) return;
        throw new OutboxException(
            $"The outbox is full ({maxBytes / (1024 * 1024)} MiB are waiting to be sent). "
            + "Bring the server back within reach, or raise the limit.");
    }

    /// <summary>
    /// Two ops of one id are the same when the server would say so ([OP-12]): otherwise one of them would be lost in silence.
    /// </summary>
    private void CheckSame(long shareKey, OpIntent op)
    {
        long same = sql.ReadNumber(
            """
            SELECT EXISTS (SELECT 1 FROM op
                WHERE share_key = ?1 AND op_id = ?2 AND verb = ?3 AND kind = ?4 AND key = ?5 AND data IS ?6 AND depends_on IS ?7)
              OR EXISTS (SELECT 1 FROM refused
                WHERE share_key = ?1 AND op_id = ?2 AND verb = ?3 AND kind = ?4 AND key = ?5 AND data IS ?6 AND depends_on IS ?7)
            """,
            shareKey, op.OpId, op.Verb, op.Kind, op.Key, op.Data?.Utf8.ToArray(), DependsOnOf(op));
        if (same == 0) throw new ArgumentException($"The op id {op.OpId} stands for another op already; a different intent needs its own.");
    }

    private static string? DependsOnOf(OpIntent op) =>
        op.DependsOn is { Count: > 0 } dependsOn ? JsonSerializer.Serialize(dependsOn) : null;
}
