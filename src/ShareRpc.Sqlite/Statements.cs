using Microsoft.Data.Sqlite;

namespace ShareRpc.Sqlite;

/// <summary>
/// A connection with the statements that were prepared on it, each at its first use. Owns the connection. Parameters
/// are <c>?1</c> and so
/// on, by number. Not thread-safe, as the connection is not.
/// </summary>
/// <param name="connection">The connection.</param>
/// <param name="translate">Returns the exception to throw for a failure of SQLite; none: as it is.</param>
internal sealed class Statements(SqliteConnection connection, Func<SqliteException, Exception>? translate = null)
    : IDisposable
{
    private readonly Dictionary<string, PreparedStatement> prepared = new(StringComparer.Ordinal);
    private bool isDisposed;

    public SqliteConnection Connection => connection;

    /// <summary>A text can have one run at a time.</summary>
    public PreparedStatement Prepare(string sql)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this); // SQLite itself would read memory that it gave back
        if (prepared.TryGetValue(sql, out PreparedStatement? statement)) return statement;
        statement = new PreparedStatement(connection, sql, translate);
        prepared.Add(sql, statement);
        return statement;
    }

    /// <summary>Returns the number of changed rows.</summary>
    public int Execute(string sql, params ReadOnlySpan<SqlValue> values) => Bind(sql, values).Run();

    public Rows Query(string sql, params ReadOnlySpan<SqlValue> values) => Bind(sql, values).Query();

    public List<T> ReadAll<T>(string sql, Func<Rows, T> read, params ReadOnlySpan<SqlValue> values)
    {
        var list = new List<T>();
        using Rows row = Query(sql, values);
        while (row.Read()) list.Add(read(row));
        return list;
    }

    /// <summary>Returns the default for no row.</summary>
    public T? ReadOne<T>(string sql, Func<Rows, T> read, params ReadOnlySpan<SqlValue> values)
    {
        using Rows row = Query(sql, values);
        return row.Read() ? read(row) : default;
    }

    /// <summary>Returns the first column of the first row; 0 for none or null.</summary>
    public long ReadNumber(string sql, params ReadOnlySpan<SqlValue> values) => Bind(sql, values).RunForNumber();

    public string? ReadText(string sql, params ReadOnlySpan<SqlValue> values) =>
        ReadOne(sql, row => row.TextOrNull(0), values);

    public void Dispose()
    {
        isDisposed = true;
        foreach (PreparedStatement statement in prepared.Values) statement.Dispose();
        connection.Dispose();
    }

    private PreparedStatement Bind(string sql, ReadOnlySpan<SqlValue> values)
    {
        PreparedStatement statement = Prepare(sql);
        for (int i = 0; i < values.Length; i++) values[i].Bind(statement, i + 1);
        return statement;
    }
}
