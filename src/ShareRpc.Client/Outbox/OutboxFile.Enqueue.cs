using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Client.Outbox;

internal sealed partial class OutboxFile
{
    /// <summary>
    /// Stores ops behind those before them, with the bookmark they belong to, in one transaction: on disk when it returns. An op id that
    /// still waits or is parked here is not stored twice; with other content it is a mistake (<see cref="ArgumentException"/>).
    /// </summary>
    public void Enqueue(long shareKey, IReadOnlyList<OpIntent> ops, bool atomic, Bookmark? bookmark)
    {
        database.Write(() =>
        {
            string? closed = database.ReadText("SELECT closed_code FROM share WHERE share_key = $1", shareKey);
            if (closed is not null) throw new OutboxException($"Nothing more can be sent to this share: {closed}.");
            CheckRoom();
            long seq = database.ReadNumber("SELECT next_seq FROM share WHERE share_key = $1", shareKey);
            string? group = atomic ? OpId.New() : null;
            foreach (OpIntent op in ops)
            {
                if (InsertOp(shareKey, op, seq, group)) seq++;
                else CheckSame(shareKey, op);
            }

            database.Execute("UPDATE share SET next_seq = $2 WHERE share_key = $1", shareKey, seq);
            if (bookmark is not null)
            {
                database.Execute(
                    """
                    INSERT INTO bookmark (share_key, name, value) VALUES ($1, $2, $3)
                    ON CONFLICT (share_key, name) DO UPDATE SET value = excluded.value
                    """,
                    shareKey, bookmark.Name, bookmark.Value);
            }
        });
        Signal();
    }

    /// <summary>Backpressure: a full outbox refuses loudly rather than growing or dropping.</summary>
    private void CheckRoom()
    {
        long pages = database.ReadNumber("PRAGMA page_count") - database.ReadNumber("PRAGMA freelist_count");
        if (pages * database.ReadNumber("PRAGMA page_size") < maxBytes) return;
        throw new OutboxException(
            $"The outbox is full ({maxBytes / (1024 * 1024)} MiB are waiting to be sent). "
            + "Bring the server back within reach, or raise the limit.");
    }

    private bool InsertOp(long shareKey, OpIntent op, long seq, string? group) => 1 == database.Execute(
        """
        INSERT INTO op (share_key, seq, op_id, verb, kind, key, data, depends_on, if_changed, atomic_group, state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0) ON CONFLICT (share_key, op_id) DO NOTHING
        """,
        shareKey, seq, op.OpId, op.Verb, op.Kind, op.Key, op.Data?.Utf8.ToArray(), DependsOnOf(op), op.IfChanged == true ? 1 : 0, group);

    /// <summary>
    /// Two ops of one id are the same when the server would say so ([OP-12]): otherwise one of them would be lost in silence.
    /// </summary>
    private void CheckSame(long shareKey, OpIntent op)
    {
        long same = database.ReadNumber(
            """
            SELECT COUNT(*) FROM op
            WHERE share_key = $1 AND op_id = $2 AND verb = $3 AND kind = $4 AND key = $5 AND data IS $6 AND depends_on IS $7
            """,
            shareKey, op.OpId, op.Verb, op.Kind, op.Key, op.Data?.Utf8.ToArray(), DependsOnOf(op));
        if (same == 0) throw new ArgumentException($"The op id {op.OpId} stands for another op already; a different intent needs its own.");
    }

    private static string? DependsOnOf(OpIntent op) =>
        op.DependsOn is { Count: > 0 } dependsOn ? JsonSerializer.Serialize(dependsOn) : null;
}
