using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

internal sealed class OutboxImports(OutboxDatabase database, OutboxWrites writes, string server)
{
    private const string ImportColumns =
        "path, content_hash, sessions, messages, parts, skipped_count, skipped, started_ms, finished_ms";
    private readonly Statements sql = database.Statements;

    public ImportState? Find(string sourcePath)
    {
        lock (database.Gate)
        {
            return sql.ReadAll(
                $"SELECT {ImportColumns} FROM import_state WHERE server = ?1 AND path = ?2", ReadImport, server,
                    sourcePath)
                .FirstOrDefault();
        }
    }

    public ImportState? FindFinished(string contentHash)
    {
        lock (database.Gate)
        {
            return sql.ReadAll(
                $"SELECT {ImportColumns} FROM import_state WHERE server = ?1 AND content_hash = ?2 AND finished_ms IS "
                    + "NOT NULL LIMIT 1",
                ReadImport, server, contentHash)
                .FirstOrDefault();
        }
    }

    public void Store(ImportState state) => writes.Write(() => sql.Execute(
        $"""
        INSERT OR REPLACE INTO import_state (server, {ImportColumns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        """,
        server, state.Path, state.ContentHash, state.Sessions, state.Messages, state.Parts, state.SkippedCount,
        state.Skipped,
        state.StartedAt.ToUnixTimeMilliseconds(), state.FinishedAt?.ToUnixTimeMilliseconds()));

    private static ImportState ReadImport(Rows row) => new()
    {
        Path = row.Text(0), ContentHash = row.Text(1), Sessions = (int)row.Number(2), Messages = (int)row.Number(3),
        Parts = (int)row.Number(4), SkippedCount = (int)row.Number(5), Skipped = row.Text(6),
        StartedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.Number(7)),
        FinishedAt = row.IsNull(8) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.Number(8)),
    };
}
