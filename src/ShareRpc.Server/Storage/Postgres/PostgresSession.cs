using Npgsql;
using ShareRpc.Protocol.Diagnostics;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>
/// One transaction on one connection, taken with its first statement. Statements without a result wait, and go along
/// with the next one that has a result, or with the commit. For one thread at a time.
/// </summary>
/// <param name="source">The connections.</param>
/// <param name="begin">How the transaction begins.</param>
internal sealed class PostgresSession(NpgsqlDataSource source, string begin) : IAsyncDisposable
{
    private static readonly PostgresValue[] None = [];
    private readonly List<(NpgsqlBatchCommand Command, bool HasRows)> waiting = [];
    private NpgsqlConnection? connection;
    private bool isOpen;
    private string? notice;

    /// <summary>Gets how many statements wait.</summary>
    public int Waiting => waiting.Count;

    /// <summary>Gets or sets what makes the first statement, which has rows that nobody needs; null for none.</summary>
    public Func<NpgsqlBatchCommand>? Opening { get; set; }

    /// <summary>Gets how many messages were sent.</summary>
    public long Sent { get; private set; }

    /// <summary>Gets the SQLSTATE of what the database refused last.</summary>
    public string? Refused { get; private set; }

    /// <summary>For a statement without columns.</summary>
    public void Send(string sql, params ReadOnlySpan<PostgresValue> values) =>
        waiting.Add((Command(sql, values), HasRows: false));

    /// <summary>For a function, whose result nobody needs.</summary>
    public void SendCall(string sql, params ReadOnlySpan<PostgresValue> values) =>
        waiting.Add((Command(sql, values), HasRows: true));

    /// <summary>Takes back statements that were not sent yet.</summary>
    public void TakeBack(int from) => waiting.RemoveRange(from, waiting.Count - from);

    public async ValueTask<List<T>> ReadAllAsync<T>(
        string sql, Func<NpgsqlDataReader, T> read, params PostgresValue[] values)
    {
        var rows = new List<T>();
        await QueryAsync(sql, values, row =>
        {
            rows.Add(read(row));
            return true;
        }).ConfigureAwait(false);
        return rows;
    }

    public async ValueTask<T?> ReadOneAsync<T>(
        string sql, Func<NpgsqlDataReader, T> read, params PostgresValue[] values)
    {
        T? found = default;
        await QueryAsync(sql, values, row =>
        {
            found = read(row);
            return false;
        }).ConfigureAwait(false);
        return found;
    }

    public ValueTask<long> ReadNumberAsync(string sql, params PostgresValue[] values) =>
        ReadOneAsync(sql, row => row.IsDBNull(0) ? 0 : row.GetInt64(0), values);

    /// <summary>Hands over row after row until the reader returns false.</summary>
    public ValueTask QueryAsync(string sql, PostgresValue[] values, Func<NpgsqlDataReader, bool> take) =>
        QueryAsync([Command(sql, values)], (_, row) => take(row));

    /// <summary>Sends what waits, then these, in one message; hands over rows with the index of theirs.</summary>
    public async ValueTask QueryAsync(
        IReadOnlyList<NpgsqlBatchCommand> commands, Func<int, NpgsqlDataReader, bool> take)
    {
        try
        {
            int passed = waiting.Count(sent => sent.HasRows) + (Opening is null ? 0 : 1);
            await using NpgsqlBatch batch = await BatchAsync(isWhole: false).ConfigureAwait(false);
            foreach (NpgsqlBatchCommand command in commands) batch.BatchCommands.Add(command);
            await using NpgsqlDataReader rows = await batch.ExecuteReaderAsync().ConfigureAwait(false);

            // The reader passes over statements without columns by itself.
            for (int i = -passed; i < commands.Count; i++)
            {
                while (i >= 0 && await rows.ReadAsync().ConfigureAwait(false) && take(i, rows))
                {
                }

                await rows.NextResultAsync().ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (IsOfStorage(exception))
        {
            throw Translate(exception);
        }
    }

    public async ValueTask FlushAsync()
    {
        if (waiting.Count > 0) await QueryAsync([], (_, _) => false).ConfigureAwait(false);
    }

    /// <summary>
    /// Commits without a time-out; what is one message needs neither BEGIN nor COMMIT. What fails, or comes back
    /// with a warning, has an unknown outcome: the connection is closed, and a <see cref="StorageException"/> tells.
    /// </summary>
    public async ValueTask CommitAsync()
    {
        if (!isOpen && waiting.Count == 0 && Opening is null) return;
        try
        {
            bool isWhole = !isOpen;
            await using NpgsqlBatch batch = await BatchAsync(isWhole).ConfigureAwait(false);
            batch.Timeout = 0;
            if (!isWhole) batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
            notice = null;
            connection!.Notice += Note;
#pragma warning disable VSTHRD103, CA1849 // The commit loop's own thread: saves two switches of threads.
            batch.ExecuteNonQuery();
#pragma warning restore VSTHRD103, CA1849
            connection.Notice -= Note;
        }
        catch (Exception exception) when (IsOfStorage(exception))
        {
            throw Translate(exception);
        }

        isOpen = false;
        if (notice is null || BrokenRule.Is(BrokenRule.CommitWarningIgnored)) return;
        await CloseAsync(isBroken: true).ConfigureAwait(false);
        throw new StorageException(StorageFailure.Unavailable,
            $"The PostgreSQL database confirmed a commit with a warning ({notice}): its outcome is unknown.");
    }

    public async ValueTask DisposeAsync()
    {
        if (connection is null) return;
        if (isOpen)
        {
            try
            {
                await using var rollback = new NpgsqlCommand("ROLLBACK", connection);
                await rollback.ExecuteNonQueryAsync().ConfigureAwait(false);
            }
            catch (Exception exception) when (IsOfStorage(exception) || exception is InvalidOperationException)
            {
                // The connection is broken, and does not go back to the others.
            }
        }

        await CloseAsync(isBroken: false).ConfigureAwait(false);
    }

    public static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<PostgresValue> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (PostgresValue value in values) command.Parameters.Add(value.Parameter);
        return command;
    }

    private async ValueTask<NpgsqlBatch> BatchAsync(bool isWhole)
    {
        connection ??= await source.OpenConnectionAsync().ConfigureAwait(false);
        NpgsqlBatch batch = connection.CreateBatch();
        if (!isOpen && !isWhole)
        {
            batch.BatchCommands.Add(Command(begin, None));
            isOpen = true;
        }

        if (Opening is { } opening) batch.BatchCommands.Add(opening());
        Opening = null;

        foreach ((NpgsqlBatchCommand command, _) in waiting) batch.BatchCommands.Add(command);
        waiting.Clear();
        Sent++;
        return batch;
    }

    private async ValueTask CloseAsync(bool isBroken)
    {
        NpgsqlConnection closing = connection!;
        (connection, isOpen) = (null, false);
        waiting.Clear();
        if (isBroken) NpgsqlConnection.ClearPool(closing);
        await closing.DisposeAsync().ConfigureAwait(false);
    }

    private void Note(object sender, NpgsqlNoticeEventArgs args) => notice = args.Notice.SqlState;

    private static bool IsOfStorage(Exception exception) =>
        exception is NpgsqlException or IOException or TimeoutException or System.Net.Sockets.SocketException
            or StorageException or ObjectDisposedException;

    private Exception Translate(Exception exception)
    {
        Refused = (exception as PostgresException)?.SqlState;
        return PostgresFailures.IsStale(exception)
            ? new StaleStateException(exception) : PostgresFailures.Translate(exception);
    }
}
