using Npgsql;
using NpgsqlTypes;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Moving;

/// <summary>
/// Copies the rows of one store into the empty tables of the other. Tables and columns have the same names in both;
/// what only one has is derived from the rest, or is about its own nodes, files and indexes.
/// </summary>
internal static class StoreTables
{
    private const string OpId = "op_id";

    /// <summary>Tables, and the order of their rows in PostgreSQL and in SQLite.</summary>
    private static readonly (string Name, string Order, string SqliteOrder)[] All =
    [
        ("share", "share_key", "share_key"), ("op", "share_key, cursor", "share_key, cursor"),
        ("rejection", "rejection_key", "rowid"), ("doc", "share_key, kind, key", "share_key, kind, key"),
        ("open_turn", "share_key, key", "share_key, key"), ("writer", "writer_key", "writer_key"),
        ("writer_run", "writer_key, seq", "writer_key, seq"), ("sturdy_ref", "ref_key", "ref_key"),
        ("gone_ref", "ref_key", "ref_key"), ("former_secret", "ref_key, epoch", "ref_key, epoch"),
        ("quota", "ref_key, day", "ref_key, day"), ("audit", "position", "position"),
        ("audit_seal", "last", "last"), ("audit_anchor", "last", "last"),
        ("session_share", "share_key", "share_key"), ("session_ref", "share_key, ref_key", "share_key, ref_key"),
        ("open_creator", "ref_key", "ref_key"), ("setting", "name", "name"),
    ];

    /// <summary>Fills PostgreSQL; the caller's transaction holds it all.</summary>
    public static async Task CopyAsync(Statements from, NpgsqlConnection to, CancellationToken cancellationToken)
    {
        foreach ((string table, _, string order) in All)
        {
            IReadOnlyList<Column> columns = await ColumnsAsync(from, to, table, cancellationToken)
                .ConfigureAwait(false);
            string names = string.Join(", ", columns.Select(column => column.Name));
            await using NpgsqlBinaryImporter import = await to.BeginBinaryImportAsync(
                $"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)", cancellationToken).ConfigureAwait(false);
            using Rows row = from.Query($"SELECT {names} FROM {table}{Where(table)} ORDER BY {order}");
            while (row.Read())
            {
                await import.StartRowAsync(cancellationToken).ConfigureAwait(false);
                for (int i = 0; i < columns.Count; i++)
                {
                    if (Read(row, i, columns[i]) is { } value)
                        await import.WriteAsync(value, columns[i].Type, cancellationToken).ConfigureAwait(false);
                    else await import.WriteNullAsync(cancellationToken).ConfigureAwait(false);
                }
            }

            await import.CompleteAsync(cancellationToken).ConfigureAwait(false);
        }

        await using var derive = new NpgsqlCommand(Derived, to) { CommandTimeout = 0 };
        await derive.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        foreach ((string table, string column) in ((string, string)[])
            [("share", "share_key"), ("writer", "writer_key"), ("sturdy_ref", "ref_key"), ("audit", "position")])
        {
            // Of keys that are never given again SQLite knows the last one, though its row is gone.
            long given = from.ReadNumber("SELECT seq FROM sqlite_sequence WHERE name = ?1", table);
            await using var set = new NpgsqlCommand(
                $"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), greatest($1, max({column}), 1)) "
                + $"FROM {table}", to);
            set.Parameters.Add(new() { Value = given });
            await set.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Fills SQLite from what the caller's transaction sees.</summary>
    public static async Task CopyAsync(NpgsqlConnection from, Statements to, CancellationToken cancellationToken)
    {
        foreach ((string table, string order, _) in All)
        {
            IReadOnlyList<Column> columns = await ColumnsAsync(to, from, table, cancellationToken)
                .ConfigureAwait(false);
            string names = string.Join(", ", columns.Select(column => column.Name));
            PreparedStatement insert = to.Prepare($"INSERT INTO {table} ({names}) VALUES ("
                + string.Join(", ", columns.Select((_, i) => $"?{i + 1}")) + ")");
            await using var read = new NpgsqlCommand(
                $"SELECT {names} FROM {table}{Where(table)} ORDER BY {order}", from) { CommandTimeout = 0 };
            await using NpgsqlDataReader row = await read.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                for (int i = 0; i < columns.Count; i++) Bind(insert, i + 1, row, i, columns[i]);
                insert.Run();
            }
        }

        to.Execute(
            """
            INSERT INTO known_id (share_key, op_id, cursor) SELECT o.share_key, o.op_id, o.cursor
            FROM op o JOIN share s ON s.share_key = o.share_key WHERE o.cursor <= s.folded
            ORDER BY o.share_key, o.op_id
            """);
        foreach ((string table, string column) in ((string, string)[])
            [("sturdy_ref", "ref_key"), ("audit", "position")])
        {
            await using var last = new NpgsqlCommand(
                $"SELECT COALESCE(pg_sequence_last_value(pg_get_serial_sequence('{table}', '{column}')::regclass), 0)",
                from);
            long given = (long)(await last.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
            to.Execute("DELETE FROM sqlite_sequence WHERE name = ?1", table);
            to.Execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", table, given);
        }
    }

    /// <summary>What PostgreSQL keeps in the row of a share.</summary>
    private const string Derived =
        """
        UPDATE share s SET head = o.head, appended_ms = o.appended_ms FROM (
          SELECT share_key, max(cursor) AS head, max(time_ms) FILTER (WHERE kind <> 'comment') AS appended_ms
          FROM op GROUP BY share_key) o
        WHERE o.share_key = s.share_key
        """;

    /// <summary>Numbers that a store keeps about files of its own stay there.</summary>
    private static string Where(string table) =>
        table == "setting" ? $" WHERE name IN ('{StoreSettings.Generation}', '{StoreSettings.SuspendedMs}')" : "";

    private static async Task<IReadOnlyList<Column>> ColumnsAsync(
        Statements sqlite, NpgsqlConnection postgres, string table, CancellationToken cancellationToken)
    {
        HashSet<string> here = [.. sqlite.ReadAll("SELECT name FROM pragma_table_info(?1)", row => row.Text(0), table)];
        await using var read = new NpgsqlCommand(
            """
            SELECT column_name, data_type FROM information_schema.columns
            WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position
            """, postgres);
        read.Parameters.Add(new() { Value = table });
        var columns = new List<Column>();
        await using NpgsqlDataReader row = await read.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (here.Contains(row.GetString(0))) columns.Add(new(row.GetString(0), TypeOf(row.GetString(1))));
        }

        return columns;
    }

    private static NpgsqlDbType TypeOf(string name) => name switch
    {
        "bigint" => NpgsqlDbType.Bigint,
        "integer" => NpgsqlDbType.Integer,
        "boolean" => NpgsqlDbType.Boolean,
        "bytea" => NpgsqlDbType.Bytea,
        _ => NpgsqlDbType.Text,
    };

    private static object? Read(Rows row, int i, Column column)
    {
        if (row.IsNull(i)) return null;
        if (column.Name == OpId) return PostgresRows.OpId(StoredOpId.Read(row, i));
        return column.Type switch
        {
            NpgsqlDbType.Bigint => row.Number(i),
            NpgsqlDbType.Integer => (int)row.Number(i),
            NpgsqlDbType.Boolean => row.Number(i) != 0,
            NpgsqlDbType.Bytea => row.Blob(i).ToArray(),
            _ => row.Text(i),
        };
    }

    private static void Bind(PreparedStatement insert, int parameter, NpgsqlDataReader row, int i, Column column)
    {
        if (row.IsDBNull(i)) insert.Bind(parameter, (long?)null);
        else if (column.Name == OpId) insert.BindOpId(parameter, PostgresRows.OpId(PostgresRows.Bytes(row, i)));
        else if (column.Type == NpgsqlDbType.Bigint) insert.Bind(parameter, row.GetInt64(i));
        else if (column.Type == NpgsqlDbType.Integer) insert.Bind(parameter, row.GetInt32(i));
        else if (column.Type == NpgsqlDbType.Boolean) insert.Bind(parameter, row.GetBoolean(i) ? 1 : 0);
        else if (column.Type == NpgsqlDbType.Bytea) insert.BindBytes(parameter, PostgresRows.Bytes(row, i));
        else insert.Bind(parameter, row.GetString(i));
    }

    private readonly record struct Column(string Name, NpgsqlDbType Type);
}
