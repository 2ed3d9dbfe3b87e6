using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

internal static class AuditEntries
{
    public const string Sql = """
        SELECT position, time_ms, action, actor_key, share_key, subject_key, address, code, count, bytes FROM audit
        WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3
        """;

    public static void Add(this AuditChain chain, Rows entry)
    {
        string?[] columns = new string?[AuditChain.Columns];
        for (int i = 0; i < columns.Length; i++) columns[i] = entry.TextOrNull(i);
        chain.Add(columns);
    }
}
