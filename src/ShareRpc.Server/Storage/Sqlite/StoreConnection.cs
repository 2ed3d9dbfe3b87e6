using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// A connection of the store with what is prepared on it at first use. Not thread-safe, as the connection is not.
/// </summary>
internal sealed class StoreConnection(Statements statements) : IDisposable
{
    private AppendStatements? append;
    private LogReads? logReads;

    public Statements Statements => statements;

    /// <summary>Only the write connection uses them.</summary>
    public AppendStatements Append => append ??= new AppendStatements(statements);

    public LogReads LogReads => logReads ??= new LogReads(statements);

    public void Dispose() => statements.Dispose();
}
