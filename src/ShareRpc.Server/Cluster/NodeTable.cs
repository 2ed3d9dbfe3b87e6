using Npgsql;
using NpgsqlTypes;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;

namespace ShareRpc.Server.Cluster;

/// <summary>The statements on nodes and on changes of authority. Each is one transaction on the primary.</summary>
internal sealed class NodeTable(PostgresDatabase database) : IAsyncDisposable
{
    /// <summary>How long a change is kept for nodes to read; one that was away longer reads the refs.</summary>
    public static readonly TimeSpan KeepChanges = TimeSpan.FromMinutes(10);

    // Positions of another server, which was restored from a dump, would never become visible.
    private const string RegisterText =
        """
        WITH foreign_changes AS (DELETE FROM authority_change WHERE xid >= pg_current_xact_id() RETURNING 1),
        former AS (
          UPDATE node SET ended_ms = extract(epoch FROM clock_timestamp()) * 1000
          WHERE node_key = $3 AND ended_ms IS NULL RETURNING 1)
        INSERT INTO node (name, lease_ms, confirmed) VALUES ($1, $2, pg_current_snapshot())
        RETURNING node_key, confirmed::text
        """;

    private const string RenewText =
        """
        WITH renewed AS (
          UPDATE node SET renewals = renewals + 1, confirmed = $3::pg_snapshot, wake_lag_ms = $4,
            renewed_ms = extract(epoch FROM clock_timestamp()) * 1000
          WHERE node_key = $1 AND renewals = $2 AND ended_ms IS NULL RETURNING node_key)
        SELECT r.node_key IS NOT NULL, pg_current_snapshot()::text,
          (extract(epoch FROM clock_timestamp()) * 1000)::float8, c.ref_key, c.kind, c.epoch,
          (SELECT max(version) FROM sharerpc_schema)
        FROM (SELECT) one LEFT JOIN renewed r ON true
        LEFT JOIN authority_change c
          ON c.xid >= pg_snapshot_xmin($3::pg_snapshot) AND NOT pg_visible_in_snapshot(c.xid, $3::pg_snapshot)
        ORDER BY c.xid
        """;

    private const string Minute = "(extract(epoch FROM clock_timestamp()) / 60)::bigint";

    private const string OwesText =
        """
        EXISTS (SELECT FROM authority_change c WHERE c.xid >= pg_snapshot_xmin(n.confirmed)
          AND NOT pg_visible_in_snapshot(c.xid, n.confirmed)
          AND pg_visible_in_snapshot(c.xid, COALESCE($1::pg_snapshot, pg_current_snapshot())))
        """;

    private const string OwingText =
        $"""
        SELECT s.snapshot::text, n.node_key, n.lease_ms
        FROM (SELECT pg_current_snapshot() AS snapshot) s
        LEFT JOIN node n ON n.ended_ms IS NULL AND {OwesText}
        """;

    private const string ListText =
        $"""
        SELECT n.node_key, n.name, n.lease_ms, n.renewals, n.ended_ms IS NOT NULL,
          (extract(epoch FROM clock_timestamp()) * 1000)::bigint - n.renewed_ms,
          n.ended_ms IS NULL AND {OwesText}, n.wake_lag_ms
        FROM node n WHERE n.ended_ms IS NULL OR n.ended_ms > extract(epoch FROM clock_timestamp()) * 1000 - 3600000
        ORDER BY n.name, n.node_key
        """;

    private NpgsqlConnection? renewing;

    /// <summary>Registers a node that serves nothing yet, in place of its former row.</summary>
    public async Task<(long Key, string Snapshot)> RegisterAsync(
        string name, TimeSpan lease, long formerKey, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand(RegisterText);
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = (int)lease.TotalMilliseconds });
        command.Parameters.Add(new() { Value = formerKey });
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await row.ReadAsync(cancellationToken).ConfigureAwait(false);
        return (row.GetInt64(0), row.GetString(1));
    }

    /// <summary>
    /// Confirms what the node has applied, and reads what has changed since, by one statement and so one snapshot. Null
    /// if the node is registered no more. A warning counts as a failure: no standby may have it. On a connection of
    /// its own, for one caller at a time.
    /// </summary>
    public async Task<Renewal?> RenewAsync(
        long nodeKey, long renewals, string applied, double? wakeLagMs, CancellationToken cancellationToken)
    {
        renewing ??= await database.Source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(RenewText, renewing);
        command.Parameters.Add(new() { Value = nodeKey });
        command.Parameters.Add(new() { Value = renewals });
        command.Parameters.Add(new() { Value = applied });
        command.Parameters.Add(new()
        {
            Value = wakeLagMs is { } lag ? lag : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Double,
        });
        bool isWarned = false;
        bool isOtherSchema = false;
        renewing.Notice += Warn;
        var changes = new List<AuthorityChange>();
        bool isRenewed = false;
        string snapshot = applied;
        double databaseMs = 0;
        await using (NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false))
        {
            while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                (isRenewed, snapshot, databaseMs) = (row.GetBoolean(0), row.GetString(1), row.GetDouble(2));
                isOtherSchema = row.GetInt32(6) != PostgresSchema.Newest;
                if (ChangeOf(row) is { } change) changes.Add(change);
            }
        }

        renewing.Notice -= Warn;
        if (isWarned) throw new StorageException(StorageFailure.Unavailable, "A renewal may not be durable.");
        return isRenewed ? new Renewal(snapshot, databaseMs, changes, isOtherSchema) : null;

        void Warn(object sender, NpgsqlNoticeEventArgs notice) => isWarned = true;
    }

    /// <summary>Drops the connection of the renewals, after one that failed.</summary>
    public async ValueTask ReconnectAsync()
    {
        if (renewing is null) return;
        NpgsqlConnection.ClearPool(renewing);
        await renewing.DisposeAsync().ConfigureAwait(false);
        renewing = null;
    }

    /// <summary>
    /// Returns the nodes, and their leases, that have not confirmed every change that a snapshot shows; null takes a
    /// new snapshot, which is returned for the next time.
    /// </summary>
    public async Task<(string Snapshot, IReadOnlyList<(long Key, int LeaseMs)> Nodes)> ReadOwingAsync(
        string? snapshot, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand(OwingText);
        AddSnapshot(command, snapshot);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var nodes = new List<(long Key, int LeaseMs)>();
        while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            snapshot ??= row.GetString(0);
            if (HasNode(row)) nodes.Add((row.GetInt64(1), row.GetInt32(2)));
        }

        return (snapshot!, nodes);
    }

    /// <summary>Takes a new transaction id.</summary>
    public async Task<string> TakeTransactionIdAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand("SELECT pg_current_xact_id()::text");
        return (string)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    /// <summary>Returns whether every transaction up to this one is over.</summary>
    public async Task<bool> IsPassedAsync(string transactionId, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command =
            database.Source.CreateCommand("SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8");
        command.Parameters.Add(new() { Value = transactionId });
        return (bool)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    public async Task<IReadOnlyList<NodeRow>> ListAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand(ListText);
        AddSnapshot(command, null);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var nodes = new List<NodeRow>();
        while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            nodes.Add(NodeOf(row));
        }

        return nodes;
    }

    /// <summary>Ends a node that has not renewed since: it has to register again before it serves.</summary>
    public async Task EndAsync(long nodeKey, long renewals, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand(
            """
            UPDATE node SET ended_ms = extract(epoch FROM clock_timestamp()) * 1000
            WHERE node_key = $1 AND renewals = $2 AND ended_ms IS NULL
            """);
        command.Parameters.Add(new() { Value = nodeKey });
        command.Parameters.Add(new() { Value = renewals });
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Raises <see cref="OpenTurnRow.Heard"/> of the turns of these writers. Leaves out those that a transaction is
    /// changing: they are heard of anyway.
    /// </summary>
    public async Task NoteWritersAsync(
        IReadOnlyCollection<(long ShareKey, string WriterId)> writers, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand(
            """
            UPDATE open_turn t SET heard = t.heard + 1
            FROM (SELECT o.share_key, o.key FROM unnest($1, $2) k(share_key, writer_id)
                JOIN writer w ON w.share_key = k.share_key AND w.writer_id = k.writer_id
                JOIN open_turn o ON o.share_key = w.share_key AND o.writer_key = w.writer_key
                FOR UPDATE OF o SKIP LOCKED) f
            WHERE t.share_key = f.share_key AND t.key = f.key
            """);
        command.Parameters.Add(new() { Value = writers.Select(writer => writer.ShareKey).ToArray() });
        command.Parameters.Add(new() { Value = writers.Select(writer => writer.WriterId).ToArray() });
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Counts a guess in the minute of the database's clock, unless there were as many.</summary>
    public async Task<bool> TakeGuessAsync(string of, int most)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand(
            $"""
            INSERT INTO guess AS g (name, minute, count) VALUES ($1, {Minute}, 1) ON CONFLICT (name) DO UPDATE
            SET minute = excluded.minute, count = CASE WHEN g.minute = excluded.minute THEN g.count + 1 ELSE 1 END
            WHERE g.minute <> excluded.minute OR g.count < $2 RETURNING true
            """);
        command.Parameters.Add(new() { Value = of });
        command.Parameters.Add(new() { Value = most });
        return await command.ExecuteScalarAsync().ConfigureAwait(false) is true;
    }

    public async Task GiveBackGuessAsync(string of)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand(
            "UPDATE guess SET count = count - 1 WHERE name = $1 AND count > 0");
        command.Parameters.Add(new() { Value = of });
        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    /// <summary>Removes what no node will read again.</summary>
    public async Task TidyAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand(
            $"""
            WITH gone AS (
              DELETE FROM node WHERE ended_ms < extract(epoch FROM clock_timestamp()) * 1000 - 86400000 RETURNING 1),
            guessed AS (DELETE FROM guess WHERE minute < {Minute} RETURNING 1)
            DELETE FROM authority_change WHERE changed_ms < extract(epoch FROM clock_timestamp()) * 1000 - $1
            """);
        command.Parameters.Add(new() { Value = KeepChanges.TotalMilliseconds });
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Returns what has become of refs, and of the shares that they own.</summary>
    public async Task<IReadOnlyList<(RefState State, bool IsShareDeleted)>> ReadRefsAsync(
        long[] keys, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand(
            """
            SELECT r.ref_key, r.epoch, r.parent_key, r.revoked_ms IS NOT NULL, r.suspended_ms IS NOT NULL,
              COALESCE(s.state = 2, false)
            FROM unnest($1) k(key) JOIN sturdy_ref r ON r.ref_key = k.key
            LEFT JOIN share s ON s.share_key = r.share_key AND s.owner_ref_key = r.ref_key
            """);
        command.Parameters.Add(new() { Value = keys });
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var refs = new List<(RefState, bool)>();
        while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
            refs.Add((StateOf(row), row.GetBoolean(5)));
        return refs;
    }

    public ValueTask DisposeAsync() => renewing?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static AuthorityChange? ChangeOf(NpgsqlDataReader row) =>
        row.IsDBNull(3) ? null : new AuthorityChange(row.GetInt64(3), row.GetString(4), row.GetInt64(5));

    private static bool HasNode(NpgsqlDataReader row) => !row.IsDBNull(1);

    private static NodeRow NodeOf(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetInt32(2), row.GetInt64(3), row.GetBoolean(4), row.GetInt64(5),
        row.GetBoolean(6), row.IsDBNull(7) ? null : row.GetDouble(7));

    private static RefState StateOf(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? null : row.GetInt64(2), row.GetBoolean(3),
        row.GetBoolean(4));

    private static void AddSnapshot(NpgsqlCommand command, string? snapshot) => command.Parameters.Add(new()
    {
        Value = (object?)snapshot ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text,
    });
}

/// <summary>What a ref became: <c>revoked</c>, <c>suspended</c>, <c>resumed</c>, <c>rotated</c>, <c>adopted</c>; its
/// share <c>deleted</c>.</summary>
internal readonly record struct AuthorityChange(long RefKey, string Kind, long Epoch);

/// <param name="Snapshot">What the changes go up to.</param>
/// <param name="DatabaseMs">The time of the database's clock.</param>
/// <param name="Changes">In the order of their transactions.</param>
/// <param name="IsOtherSchema">Another version has migrated the database.</param>
internal sealed record Renewal(
    string Snapshot, double DatabaseMs, IReadOnlyList<AuthorityChange> Changes, bool IsOtherSchema);

internal sealed record NodeRow(
    long Key, string Name, int LeaseMs, long Renewals, bool HasEnded, long RenewedAgoMs, bool Owes, double? WakeLagMs);
