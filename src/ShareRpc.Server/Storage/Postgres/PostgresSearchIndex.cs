using Npgsql;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>
/// Tables of the store's database, with a <c>tsvector</c> a document. Uses the store's connections. Frequent words are
/// found among the next documents in order, which are looked at one by one, others by the index of words, in all shares
/// from the newest on, more at a time. Nothing is left to the planner, which would need statistics: those hold words,
/// too, and have none of them here.
/// </summary>
internal sealed class PostgresSearchIndex(PostgresDatabase database, TimeProvider time) : ISearchIndex
{
    /// <summary>Documents that are looked at one by one: 10 ms.</summary>
    private const int NextDocuments = 2_500;

    /// <summary>Shares with a word of their own, and how many of these are looked at, one after the other.</summary>
    private const int SharesTogether = 512;
    private static readonly int[] Looks = [1, 4, 16];

    /// <summary>After a rebuild of the index there is none for so many times as long as it took.</summary>
    private const int RestAfterRebuild = 19;

    /// <summary>Whoever rebuilds the index of words holds this advisory lock.</summary>
    private const string RebuildLock = "6008207563514762057";

    private const string Columns = "share_key, cursor, kind, key";

    private const string Put =
        """
        INSERT INTO search_entry (share_key, cursor, kind, key, words) VALUES ($1, $2, $3, $4, array_to_tsvector($5))
        """;

    private const string SetIndexed =
        """
        INSERT INTO search_share (share_key, indexed) VALUES ($1, $2)
        ON CONFLICT (share_key) DO UPDATE SET indexed = excluded.indexed
        """;

    private TimeSpan took;
    private long? rebuilt;

    public ValueTask<long> IndexedAsync(long shareKey) =>
        DoAsync(session => session.ReadNumberAsync(
            "SELECT indexed FROM search_share WHERE share_key = $1", shareKey));

    public ValueTask<bool> WriteAsync(long shareKey, long from, long upTo, IReadOnlyList<SearchEntry> entries) =>
        DoAsync(async session =>
        {
            session.Send(
                "INSERT INTO search_share (share_key, indexed) VALUES ($1, 0) ON CONFLICT DO NOTHING", shareKey);
            long indexed = await session.ReadNumberAsync(
                "SELECT indexed FROM search_share WHERE share_key = $1 FOR UPDATE", shareKey).ConfigureAwait(false);
            if (indexed != from) return false;
            foreach (SearchEntry entry in entries)
            {
                session.Send("DELETE FROM search_entry WHERE share_key = $1 AND kind = $2 AND key = $3",
                    shareKey, entry.Kind, entry.Key);
            }

            foreach (SearchEntry entry in entries.Where(entry => entry.Words.Count > 0))
            {
                string[] words =
                [
                    WordOf(shareKey), WordOfMany(shareKey / SharesTogether),
                    .. entry.Words.SelectMany(layer => layer.Value.Select(word => Mark(layer.Key, word))),
                ];
                session.Send(Put, shareKey, entry.Cursor, entry.Kind, entry.Key, words);
            }

            session.Send(SetIndexed, shareKey, upTo);
            return true;
        });

    public ValueTask<IReadOnlyList<SearchPlace>> FindAsync(long shareKey, SearchQuery query, long after, int limit) =>
        DoAsync<IReadOnlyList<SearchPlace>>(async session =>
        {
            const string Where = "share_key = $2 AND cursor > $3", Order = "cursor";
            string match = MatchOf(query);
            List<SearchPlace> next = await FindAsync(
                session, NextSql("SELECT", Where, Order), match, shareKey, after, limit).ConfigureAwait(false);
            return next.Count == limit ? next : await FindAsync(session, WholeSql("SELECT", Where, Order),
                WithShare(shareKey, match), shareKey, after, limit).ConfigureAwait(false);
        });

    public ValueTask<SearchPlace?> FindNewestAsync(long shareKey, SearchQuery query, long before) =>
        DoAsync(async session => (await FindAsync(
            session, WholeSql("SELECT", "share_key = $2 AND cursor < $3", "cursor DESC"),
            WithShare(shareKey, MatchOf(query)), shareKey, before, 1).ConfigureAwait(false)).FirstOrDefault());

    public ValueTask<IReadOnlyList<SearchPlace>> FindNewestOfAllAsync(
        SearchQuery query, long beforeShare, int limit) =>
        DoAsync<IReadOnlyList<SearchPlace>>(async session =>
        {
            const string Select = "SELECT DISTINCT ON (share_key)", Where = "(share_key, cursor) < ($2, $3)";
            const string Order = "share_key DESC, cursor DESC";
            string match = MatchOf(query);
            List<SearchPlace> next = await FindAsync(
                session, NextSql(Select, Where, Order), match, beforeShare, 0, limit).ConfigureAwait(false);
            if (next.Count == limit) return next;
            string whole = WholeSql(Select, Where, Order);
            var found = new List<SearchPlace>();
            long at = await session.ReadNumberAsync("SELECT max(share_key) FROM search_entry WHERE share_key < $1",
                beforeShare).ConfigureAwait(false) / SharesTogether;
            foreach (int looks in Looks)
            {
                var words = Enumerable.Range(0, looks).Where(i => i <= at).Select(i => $"'{WordOfMany(at - i)}'");
                found.AddRange(await FindAsync(session, whole, $"({string.Join(" | ", words)}) & ({match})",
                    beforeShare, 0, limit - found.Count).ConfigureAwait(false));
                at -= looks;
                if (found.Count == limit || at < 0) return found;
            }

            found.AddRange(await FindAsync(session, whole, match, Math.Min(beforeShare, (at + 1) * SharesTogether), 0,
                limit - found.Count).ConfigureAwait(false));
            return found;
        });

    public ValueTask<bool> EraseAsync(
        long shareKey, int rows, long indexed = ISearchIndex.Erased) => DoAsync(async session =>
    {
        session.Send(SetIndexed, shareKey, indexed);
        long erased = await session.ReadNumberAsync(
            """
            WITH part AS (SELECT cursor FROM search_entry WHERE share_key = $1 LIMIT $2),
            erased AS (
              DELETE FROM search_entry WHERE share_key = $1 AND cursor IN (SELECT cursor FROM part) RETURNING 1)
            SELECT count(*) FROM erased
            """,
            shareKey, rows).ConfigureAwait(false);
        return erased < rows;
    });

    /// <summary>
    /// The store vacuums these tables, too, which leaves the words themselves in the index, without any place: it is
    /// made anew, beside what goes on. False: another node is at it, or it was made anew not long ago.
    /// </summary>
    public async Task<bool> PurgeAsync(CancellationToken stopping)
    {
        if (rebuilt is { } at && time.GetElapsedTime(at) < RestAfterRebuild * took) return false;
        long begun = time.GetTimestamp();
        try
        {
            await using NpgsqlConnection connection =
                await database.Source.OpenConnectionAsync(stopping).ConfigureAwait(false);
            if (!await IsOursAsync(connection).ConfigureAwait(false)) return false;
            try
            {
                await RebuildAsync(connection, stopping).ConfigureAwait(false);
            }
            finally
            {
                await RunAsync(connection, $"SELECT pg_advisory_unlock({RebuildLock})", default).ConfigureAwait(false);
                (rebuilt, took) = (time.GetTimestamp(), time.GetElapsedTime(begun));
            }

            return true;
        }
        catch (NpgsqlException exception)
        {
            throw PostgresFailures.Translate(exception);
        }
    }

    public void Dispose()
    {
    }

    private static string Mark(SearchLayer layer, string word) => $"{(int)layer}:{word}";

    /// <summary>No text has a word with this sign; the index intersects it with those of the search.</summary>
    private static string WordOf(long shareKey) => $"§{shareKey}";

    /// <summary>Likewise, of shares whose keys are close.</summary>
    private static string WordOfMany(long number) => $"§§{number}";

    private static string WithShare(long shareKey, string match) => $"'{WordOf(shareKey)}' & ({match})";

    /// <summary>Words hold letters, digits and marks only: quotes are enough.</summary>
    private static string MatchOf(SearchQuery query) => string.Join(" | ", query.Layers.Select(layer =>
        $"({string.Join(" & ", query.Words.Select(word => $"'{Mark(layer, word)}'"))})"));

    /// <summary>Looks at documents in order; the inner limit keeps the planner from the index of words.</summary>
    private static string NextSql(string select, string where, string order) =>
        $"""
        {select} {Columns} FROM (
          SELECT {Columns}, words FROM search_entry WHERE {where} ORDER BY {order} LIMIT {NextDocuments}) next
        WHERE words @@ $1::text::tsquery ORDER BY {order} LIMIT $4
        """;

    private static string WholeSql(string select, string where, string order) =>
        $"""
        WITH found AS MATERIALIZED (SELECT {Columns} FROM search_entry WHERE words @@ $1::text::tsquery)
        {select} {Columns} FROM found WHERE {where} ORDER BY {order} LIMIT $4
        """;

    /// <summary>A plan is made for the words.</summary>
    private static ValueTask<List<SearchPlace>> FindAsync(
        PostgresSession session, string sql, string match, long first, long second, int limit)
    {
        session.Send("SET LOCAL plan_cache_mode = force_custom_plan");
        return session.ReadAllAsync(
            sql, row => new SearchPlace(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3)),
            match, first, second, (long)limit);
    }

    private static async Task<bool> IsOursAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand($"SELECT pg_try_advisory_lock({RebuildLock})", connection);
        return (bool)(await command.ExecuteScalarAsync().ConfigureAwait(false))!;
    }

    /// <summary>Waits for whoever reads an older state, as a backup does. What a cut rebuild left goes.</summary>
    private static async Task RebuildAsync(NpgsqlConnection connection, CancellationToken stopping)
    {
        await RunAsync(connection, "SET lock_timeout = 0", stopping).ConfigureAwait(false);
        try
        {
            foreach (string part in (string[])["_ccnew", "_ccold"])
            {
                await RunAsync(connection, $"DROP INDEX CONCURRENTLY IF EXISTS search_entry_words{part}", stopping)
                    .ConfigureAwait(false);
            }

            await RunAsync(connection, "REINDEX INDEX CONCURRENTLY search_entry_words", stopping).ConfigureAwait(false);
        }
        finally
        {
            await RunAsync(connection, "RESET lock_timeout", default).ConfigureAwait(false);
        }
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken stopping)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(stopping).ConfigureAwait(false);
    }

    private async ValueTask<T> DoAsync<T>(Func<PostgresSession, ValueTask<T>> work)
    {
        try
        {
            await using var session = new PostgresSession(database.Source, "BEGIN");
            T result = await work(session).ConfigureAwait(false);
            await session.CommitAsync().ConfigureAwait(false);
            return result;
        }
        catch (StaleStateException stale)
        {
            // Another node was at the same share: who asked tries again later.
            throw PostgresFailures.Translate(stale.InnerException!);
        }
    }
}
