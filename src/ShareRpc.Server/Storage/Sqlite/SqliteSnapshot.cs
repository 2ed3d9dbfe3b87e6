namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>A read transaction on a connection of the pool; gives the connection back when disposed.</summary>
internal sealed class SqliteSnapshot : SqliteReads
{
    private readonly SqliteShareStore store;

    public SqliteSnapshot(SqliteShareStore store, Statements statements)
        : base(statements)
    {
        this.store = store;
        statements.Execute("BEGIN");
    }

    public override void Dispose()
    {
        Statements.Execute("COMMIT");
        store.Return(Statements);
    }
}
