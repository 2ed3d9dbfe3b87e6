namespace ShareRpc.Server.Storage.Sqlite;

internal sealed class SqliteSnapshot : SqliteReads
{
    private readonly SqliteShareStore store;
    private readonly StoreConnection connection;

    public SqliteSnapshot(SqliteShareStore store, StoreConnection connection)
        : base(connection)
    {
        (this.store, this.connection) = (store, connection);
        Statements.Execute("BEGIN");
    }

    public long ReadSetting(string name) => Statements.ReadNumber(StoreSettings.Get, name);

    public override ValueTask DisposeAsync()
    {
        Statements.Execute("COMMIT");
        store.Return(connection);
        return default;
    }
}
