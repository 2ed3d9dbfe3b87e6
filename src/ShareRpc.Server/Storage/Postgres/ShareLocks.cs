using static ShareRpc.Server.Storage.Postgres.PostgresRows;

namespace ShareRpc.Server.Storage.Postgres;

internal static class ShareLocks
{
    public const string Lock =
        "SELECT 1 FROM share WHERE share_key = ANY ($1) ORDER BY share_key FOR NO KEY UPDATE";

    /// <summary>Locks shares in the order of their keys, then reads them and, in a later statement, the refs.</summary>
    public static async ValueTask<Proof?> TakeAsync(
        PostgresSession session, IReadOnlyList<long> shares, IReadOnlyList<long> refs)
    {
        var rows = new List<ShareRow>();
        var states = new List<RefState>();
        bool isSchemaKnown = true;
        await session.QueryAsync(
            [
                PostgresSession.Command("SELECT max(version) FROM sharerpc_schema"),
                PostgresSession.Command(
                    $"""
                    SELECT {ShareColumns} FROM share s WHERE share_key = ANY ($1) ORDER BY share_key
                    FOR NO KEY UPDATE
                    """,
                    shares.Distinct().Order().ToArray()),
                PostgresSession.Command(
                    """
                    SELECT ref_key, epoch, parent_key, revoked_ms IS NOT NULL, suspended_ms IS NOT NULL
                    FROM sturdy_ref WHERE ref_key = ANY ($1)
                    """,
                    refs.Distinct().ToArray()),
            ],
            (statement, row) =>
            {
                if (statement == 0) isSchemaKnown = row.GetInt32(0) == PostgresSchema.Newest;
                else if (statement == 1) rows.Add(PostgresRows.Share(row));
                else
                {
                    states.Add(new RefState(
                        row.GetInt64(0), row.GetInt64(1), Number(row, 2), row.GetBoolean(3), row.GetBoolean(4)));
                }

                return true;
            });
        return isSchemaKnown
            ? new Proof(rows, states)
            : throw new StorageException(StorageFailure.Unavailable,
                "The PostgreSQL database has another schema than this node knows: run the version that migrated it.");
    }
}
