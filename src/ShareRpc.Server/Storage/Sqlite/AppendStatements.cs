using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

internal sealed class AppendStatements(Statements statements)
{
    private WriterRuns? runs;

    public WriterRuns Runs => runs ??= new WriterRuns(this);

    public PreparedStatement Begin { get; } = statements.Prepare("BEGIN IMMEDIATE");

    public PreparedStatement Commit { get; } = statements.Prepare("COMMIT");

    public PreparedStatement InsertOp { get; } = statements.Prepare(
        """
        INSERT INTO op (
          share_key, cursor, op_id, digest, writer_key, seq, verb, kind, key, data, actor_key, time_ms, schema_version,
          class, class_before)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
        ON CONFLICT (op_id, share_key) DO NOTHING
        """);

    public PreparedStatement SetWatermark { get; } = statements.Prepare(
        "UPDATE writer SET acked_seq = ?2 WHERE writer_key = ?1");

    public PreparedStatement SetRun { get; } = statements.Prepare(
        """
        UPDATE writer SET acked_seq = COALESCE(?2, acked_seq), run_seq = ?3, run_cursor = ?4, run_count = ?5
          WHERE writer_key = ?1
        """);

    public PreparedStatement FindRun { get; } = statements.Prepare(
        "SELECT run_seq, run_cursor, run_count FROM writer WHERE writer_key = ?1");

    public PreparedStatement InsertRun { get; } = statements.Prepare(
        "INSERT INTO writer_run (writer_key, seq, cursor, count) VALUES (?1, ?2, ?3, ?4)");

    public PreparedStatement WriteDoc { get; } = statements.Prepare(
        """
        INSERT INTO doc (share_key, kind, key, cursor, data, size, class) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (share_key, kind, key)
        DO UPDATE SET cursor = excluded.cursor, data = excluded.data, size = excluded.size, class = excluded.class
        """);
}
