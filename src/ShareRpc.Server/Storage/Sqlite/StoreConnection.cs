using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>Not thread-safe.</summary>
internal sealed class StoreConnection(Statements statements) : IDisposable
{
    private AppendStatements? append;
    private LogReads? logReads;

    public Statements Statements => statements;

    /// <summary>For the write connection.</summary>
    public AppendStatements Append => append ??= new AppendStatements(statements);

    public LogReads LogReads => logReads ??= new LogReads(statements);

    public void Dispose() => statements.Dispose();
}
