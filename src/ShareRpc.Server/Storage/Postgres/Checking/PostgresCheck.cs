using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage.Postgres.Checking;

/// <summary>Checks a database at one moment, while nodes write it: what holds in every state, on all rows.</summary>
internal sealed class PostgresCheck(PostgresSession session, PostgresReads reads, AuditKeys? keys)
{
    private const int MostFindings = 1_000;
    private const int OpsAtOnce = 1_000;
    private readonly List<CheckFinding> findings = [];
    private bool hasMore;

    /// <summary>Reads everything from one snapshot.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="keys">Of the nodes; null: signatures of the audit trail are not verified.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StorageException">The database cannot be read.</exception>
    public static async Task<CheckReport> RunAsync(
        string connectionString, AuditKeys? keys, CancellationToken cancellationToken)
    {
        using PostgresDatabase database = PostgresDatabase.Open(connectionString);
        var session = new PostgresSession(database.Source, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        await using var reads = new CheckReads(session);
        session.Send("SET LOCAL idle_in_transaction_session_timeout = 0");
        long version = await session.ReadNumberAsync("SELECT max(version)::bigint FROM sharerpc_schema");
        if (version != PostgresSchema.Newest)
        {
            throw new StorageException(StorageFailure.Unavailable,
                $"The PostgreSQL database has schema {version}, and this version of sharerpc knows "
                + $"{PostgresSchema.Newest}: check it with the version that serves it.");
        }

        return await new PostgresCheck(session, reads, keys).RunAsync(cancellationToken);
    }

    private async ValueTask<CheckReport> RunAsync(CancellationToken cancellationToken)
    {
        foreach ((string rule, string message, string sql) in PostgresRules.All)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await session.QueryAsync(sql, [], row =>
            {
                string? share = PostgresRows.Text(row, 0);
                Find(rule, share, message.Replace("{0}", PostgresRows.Text(row, 1), StringComparison.Ordinal));
                return !hasMore;
            });
        }

        await CheckAuditAsync();
        await CheckFoldsAsync(cancellationToken);
        return new CheckReport
        {
            Shares = await session.ReadNumberAsync("SELECT count(*) FROM share"),
            Ops = await session.ReadNumberAsync("SELECT count(*) FROM op"),
            Documents = await session.ReadNumberAsync("SELECT count(*) FROM doc"),
            Writers = await session.ReadNumberAsync("SELECT count(*) FROM writer"),
            Findings = findings, HasMore = hasMore,
        };
    }

    private async ValueTask CheckAuditAsync()
    {
        (long Last, byte[]? Digest) before = await session.ReadOneAsync(
            "SELECT last, digest FROM audit_anchor", row => (row.GetInt64(0), (byte[]?)PostgresRows.Bytes(row, 1)));
        if (before.Digest is not null && keys?.IsSignedRemoval(before.Digest) == false)
            Find("audit", null, $"entries up to {before.Last} were not removed by this server");
        List<AuditSeal> seals = await session.ReadAllAsync(
            "SELECT first, last, newest_ms, digest FROM audit_seal ORDER BY last", PostgresRows.Seal);
        foreach (AuditSeal seal in seals)
        {
            using AuditChain chain = await PostgresAudit.ReadChainAsync(
                session, before.Last, before.Digest ?? [], int.MaxValue, seal.Last);
            before = (seal.Last, seal.Digest);
            if (!chain.Fits(seal) || keys?.IsSigned(seal.Digest) == false)
                Find("audit", null, $"entries {seal.First} to {seal.Last} are not what was sealed");
        }
    }

    /// <summary>Folds each log again; but for shares whose bodies compaction has dropped.</summary>
    private async ValueTask CheckFoldsAsync(CancellationToken cancellationToken)
    {
        List<ShareRow> shares = await session.ReadAllAsync(
            $"SELECT {PostgresRows.ShareColumns} FROM share s WHERE state <> 2 AND folded > 0 AND compacted = 0",
            PostgresRows.Share);
        foreach (ShareRow share in shares)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var folded = new Dictionary<(string Kind, string Key), (RawJson? Data, long Cursor)>();
            for (long after = 0; after < share.Folded;)
            {
                IReadOnlyList<LoggedOp> ops = await reads.ReadOpsAsync(share.Key, after, OpsAtOnce, int.MaxValue);
                if (ops.Count == 0) break;
                after = ops[^1].Cursor;
                foreach (LoggedOp op in ops.TakeWhile(op => op.Cursor <= share.Folded))
                {
                    RawJson? known = folded.GetValueOrDefault((op.Kind, op.Key)).Data;
                    folded[(op.Kind, op.Key)] = (DocumentFold.Apply(known, op.Verb, op.Data), op.Cursor);
                }
            }

            await CompareAsync(share, folded);
        }
    }

    private async ValueTask CompareAsync(
        ShareRow share, Dictionary<(string Kind, string Key), (RawJson? Data, long Cursor)> folded)
    {
        await session.QueryAsync(
            $"SELECT {PostgresRows.DocColumns} FROM doc WHERE share_key = $1", [share.Key], row =>
            {
                StoredDoc doc = PostgresRows.Doc(row);
                bool isThere = folded.Remove((doc.Kind, doc.Key), out (RawJson? Data, long Cursor) expected);
                bool isSame = isThere && expected.Cursor == doc.Cursor && expected.Data is { } data
                    && data.Utf8.Span.SequenceEqual(doc.Data!.Value.Utf8.Span);
                if (!isSame) Find("fold", share.ShareId, $"{doc.Kind} {doc.Key} is not what its ops make");
                return !hasMore;
            });
        foreach (((string kind, string key), (RawJson? data, _)) in folded)
        {
            if (data is not null) Find("fold", share.ShareId, $"{kind} {key} is missing");
        }
    }

    private void Find(string rule, string? share, string message)
    {
        if (findings.Count < MostFindings) findings.Add(new CheckFinding(rule, share, message));
        else hasMore = true;
    }

    private sealed class CheckReads(PostgresSession session) : PostgresReads(session);
}
