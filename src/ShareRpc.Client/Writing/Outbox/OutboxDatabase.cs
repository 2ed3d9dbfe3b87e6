using System.Globalization;
using Microsoft.Data.Sqlite;
using ShareRpc.Client.Credentials;
using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>
/// The outbox's SQLite file: its connection, prepared statements, transactions and schema. Callers hold <see cref="Gate"/>.
/// </summary>
internal sealed partial class OutboxDatabase : IDisposable
{
    private const int BusyMs = 30_000;
    private static readonly Schema Schema =
        Schema.Of(typeof(OutboxDatabase).Assembly, "ShareRpc.Client.Writing.Outbox.Migrations.");

    private readonly SqliteConnection connection;
    private readonly OutboxCheckpoints checkpoints;
    private readonly Dictionary<string, SqliteCommand> commands = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OutboxStatement> statements = new(StringComparer.Ordinal);
    private bool isDisposed;

    static OutboxDatabase() => SQLitePCL.Batteries_V2.Init();

    public OutboxDatabase(string path)
    {
        DurableDirectory.Create(Path.GetDirectoryName(Path.GetFullPath(path))!);
        connection = Open(path);
        checkpoints = new OutboxCheckpoints(Open(path), Gate);
        try
        {
            Execute("PRAGMA foreign_keys=ON");
            Schema.Apply(connection, path, "use another --state directory");
            PageBytes = ReadNumber("PRAGMA page_size");
        }
        catch (Exception exception)
        {
            Dispose();
            if (exception is SchemaException) throw new OutboxException(exception.Message);
            throw;
        }
    }

    /// <summary>One thread at a time uses the connection.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Bytes of a page of this file.</summary>
    public long PageBytes { get; }

    /// <summary>Called after each commit of <see cref="WriteAsync"/>, before those are told who wait for it.</summary>
    public Action? OnCommit { get; init; }

    /// <summary>A statement for what runs often, prepared once.</summary>
    public OutboxStatement Prepared(string sql)
    {
        if (!statements.TryGetValue(sql, out OutboxStatement? statement))
        {
            statements.Add(sql, statement = new OutboxStatement(connection, sql));
        }

        return statement;
    }

    public int Execute(string sql, params ReadOnlySpan<object?> values) => Bind(sql, values).ExecuteNonQuery();

    public List<T> Read<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<object?> values)
    {
        var list = new List<T>();
        using SqliteDataReader row = Bind(sql, values).ExecuteReader();
        while (row.Read()) list.Add(read(row));
        return list;
    }

    public long ReadNumber(string sql, params ReadOnlySpan<object?> values) =>
        Bind(sql, values).ExecuteScalar() is long number ? number : 0;

    public string? ReadText(string sql, params ReadOnlySpan<object?> values) => Bind(sql, values).ExecuteScalar() as string;

    public void Dispose()
    {
        checkpoints.Dispose();
        lock (Gate)
        {
            isDisposed = true;
            foreach (OutboxStatement statement in statements.Values) statement.Dispose();
            foreach (SqliteCommand command in commands.Values) command.Dispose();
            connection.Dispose();
        }
    }

    private static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        using SqliteCommand settings = connection.CreateCommand();
        settings.CommandText = string.Create(
            CultureInfo.InvariantCulture,
            $"PRAGMA busy_timeout={BusyMs}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0");
        settings.ExecuteNonQuery();
        return connection;
    }

    private SqliteCommand Bind(string sql, ReadOnlySpan<object?> values)
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
}
