namespace ShareRpc.Server.Storage.Postgres;

/// <summary>Tables of the store's database, with a <c>tsvector</c> a document. Uses the store's connections.</summary>
internal sealed class PostgresSearchIndex(PostgresDatabase database) : ISearchIndex
{
    private const string Columns = "share_key, cursor, kind, key FROM search_entry";

    private const string Put =
        """
        INSERT INTO search_entry (share_key, cursor, kind, key, words) VALUES ($1, $2, $3, $4, array_to_tsvector($5))
        """;

    private const string SetIndexed =
        """
        INSERT INTO search_share (share_key, indexed) VALUES ($1, $2)
        ON CONFLICT (share_key) DO UPDATE SET indexed = excluded.indexed
        """;

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
                    WordOf(shareKey),
                    .. entry.Words.SelectMany(layer => layer.Value.Select(word => Mark(layer.Key, word))),
                ];
                session.Send(Put, shareKey, entry.Cursor, entry.Kind, entry.Key, words);
            }

            session.Send(SetIndexed, shareKey, upTo);
            return true;
        });

    public ValueTask<IReadOnlyList<SearchPlace>> FindAsync(long shareKey, SearchQuery query, long after, int limit) =>
        DoAsync<IReadOnlyList<SearchPlace>>(async session => await FindAsync(
            session, "SELECT", "share_key = $2 AND cursor > $3 ORDER BY cursor LIMIT $4",
            $"'{WordOf(shareKey)}' & ({MatchOf(query)})", shareKey, after, limit).ConfigureAwait(false));

    public ValueTask<SearchPlace?> FindNewestAsync(long shareKey, SearchQuery query, long before) =>
        DoAsync(async session => (await FindAsync(
            session, "SELECT", "share_key = $2 AND cursor < $3 ORDER BY cursor DESC LIMIT $4",
            $"'{WordOf(shareKey)}' & ({MatchOf(query)})", shareKey, before, 1).ConfigureAwait(false)).FirstOrDefault());

    public ValueTask<IReadOnlyList<SearchPlace>> FindNewestOfAllAsync(
        SearchQuery query, long beforeShare, int limit) =>
        DoAsync<IReadOnlyList<SearchPlace>>(async session => await FindAsync(
            session, "SELECT DISTINCT ON (share_key)",
            "(share_key, cursor) < ($2, $3) ORDER BY share_key DESC, cursor DESC LIMIT $4", MatchOf(query),
            beforeShare, 0, limit).ConfigureAwait(false));

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

    /// <summary>The store vacuums these tables, too.</summary>
    public Task<bool> PurgeAsync() => Task.FromResult(true);

    public void Dispose()
    {
    }

    private static string Mark(SearchLayer layer, string word) => $"{(int)layer}:{word}";

    /// <summary>No text has a word with this sign; the index intersects it with those of the search.</summary>
    private static string WordOf(long shareKey) => $"§{shareKey}";

    /// <summary>Words hold letters, digits and marks only: quotes are enough.</summary>
    private static string MatchOf(SearchQuery query) => string.Join(" | ", query.Layers.Select(layer =>
        $"({string.Join(" & ", query.Words.Select(word => $"'{Mark(layer, word)}'"))})"));

    /// <summary>A plan is made for the words.</summary>
    private static ValueTask<List<SearchPlace>> FindAsync(
        PostgresSession session, string select, string where, string match, long first, long second, int limit)
    {
        session.Send("SET LOCAL plan_cache_mode = force_custom_plan");
        return session.ReadAllAsync(
            $"{select} {Columns} WHERE words @@ $1::text::tsquery AND {where}",
            row => new SearchPlace(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3)),
            match, first, second, (long)limit);
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
