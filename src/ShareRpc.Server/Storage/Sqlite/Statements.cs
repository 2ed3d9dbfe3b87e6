using Microsoft.Data.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>The prepared statements of one connection, made at first use and kept. Not thread-safe, as the connection is not.</summary>
internal sealed class Statements(SqliteConnection connection) : IDisposable
{
    private readonly Dictionary<string, SqliteCommand> commands = new(StringComparer.Ordinal);
    private AppendStatements? hot;
    private LogReads? logReads;

    public SqliteConnection Connection => connection;

    /// <summary>Made at first use: only the write connection uses them.</summary>
    public AppendStatements Hot => hot ??= new AppendStatements(connection);

    /// <summary>Made at first use.</summary>
    public LogReads LogReads => logReads ??= new LogReads(connection);

    /// <summary>The statement with its parameters set, by position: <c>$1</c>, <c>$2</c>, ...</summary>
    public SqliteCommand Bind(string sql, params ReadOnlySpan<object?> values)
    {
        if (!commands.TryGetValue(sql, out SqliteCommand? command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            for (int i = 1; i <= values.Length; i++) command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}" });
            commands.Add(sql, command);
        }

        for (int i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command;
    }

    public void Execute(string sql, params ReadOnlySpan<object?> values) => Bind(sql, values).ExecuteNonQuery();

    public void Dispose()
    {
        hot?.Dispose();
        logReads?.Dispose();
        foreach (SqliteCommand command in commands.Values) command.Dispose();
        connection.Dispose();
    }
}
