using Microsoft.Data.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// The statements that every append runs. Their parameters are <c>?1</c>, <c>?2</c>: a <c>$2</c> would be numbered by where it first
/// appears.
/// </summary>
internal sealed class AppendStatements(SqliteConnection connection) : IDisposable
{
    private WriterRuns? runs;

    /// <summary>What these statements keep of the writers' runs.</summary>
    public WriterRuns Runs => runs ??= new WriterRuns(this);

    public PreparedStatement Begin { get; } = new(connection, "BEGIN IMMEDIATE");

    public PreparedStatement Commit { get; } = new(connection, "COMMIT");

    public PreparedStatement InsertOp { get; } = new(
        connection,
        """
        INSERT INTO op (share_key, cursor, op_id, digest, writer_key, seq, verb, kind, key, data, actor_key, time_ms, schema_version, class)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (op_id, share_key) DO NOTHING
        """);

    public PreparedStatement SetWatermark { get; } = new(connection, "UPDATE writer SET acked_seq = ?2 WHERE writer_key = ?1");

    public PreparedStatement SetRun { get; } = new(
        connection,
        """
        UPDATE writer SET acked_seq = COALESCE(?2, acked_seq), run_seq = ?3, run_cursor = ?4, run_count = ?5 WHERE writer_key = ?1
        """);

    public PreparedStatement FindRun { get; } = new(connection, "SELECT run_seq, run_cursor, run_count FROM writer WHERE writer_key = ?1");

    public PreparedStatement InsertRun { get; } = new(
        connection, "INSERT INTO writer_run (writer_key, seq, cursor, count) VALUES (?1, ?2, ?3, ?4)");

    public PreparedStatement WriteDoc { get; } = new(
        connection,
        """
        INSERT INTO doc (share_key, kind, key, cursor, data, size, class) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (share_key, kind, key)
        DO UPDATE SET cursor = excluded.cursor, data = excluded.data, size = excluded.size, class = excluded.class
        """);

    public void Dispose()
    {
        foreach (PreparedStatement statement in new[] { Begin, Commit, InsertOp, SetWatermark, SetRun, FindRun, InsertRun, WriteDoc })
        {
            statement.Dispose();
        }
    }
}
