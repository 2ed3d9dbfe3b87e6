using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Search;

/// <summary>
/// Answers searches. The index only says where to look: each document is read, shown as its reader may see it, and
/// must hold the words still.
/// </summary>
internal sealed class ShareSearch(
    IShareStore store, ISearchIndex index, AuditBook audit, ProtocolLimits limits, ServerLimits serverLimits)
    : IDisposable
{
    /// <summary>Fixed by the protocol ([SEARCH-2]).</summary>
    private const int MostChars = 256;
    private const int MostWords = 16;
    private const int MostHits = 100;

    /// <summary>Documents of a share that may have changed since they were indexed, before it is passed over.</summary>
    private const int MostTries = 4;
    private const int SnippetBefore = 60;
    private const int SnippetChars = 180;

    private readonly SemaphoreSlim turns = new(serverLimits.Searches);

    /// <summary>Searches one share, in the order of cursors.</summary>
    public async Task<SearchPage> SearchAsync(Authority authority, SearchRequest request)
    {
        authority.Demand(Rights.Read);
        (SearchQuery query, int limit) = QueryOf(authority.Profile, request);
        long shareKey = authority.Ref.ShareKey!.Value;
        await turns.WaitAsync().ConfigureAwait(false);
        try
        {
            SearchPage page = await SearchAsync(authority.Profile, shareKey, query, request.After ?? 0, limit)
                .ConfigureAwait(false);
            authority.DemandPage();
            return page;
        }
        finally
        {
            turns.Release();
        }
    }

    /// <summary>Searches the shares that the caller may list, newest first; the audit trail says so.</summary>
    public async Task<ShareSearchPage> SearchSharesAsync(Authority authority, SearchRequest request)
    {
        authority.Demand(Rights.Create | Rights.Read);
        (SearchQuery query, int limit) = QueryOf(authority.Profile, request);
        audit.NoteSearch(authority.Ref);
        await turns.WaitAsync().ConfigureAwait(false);
        try
        {
            long before = request.After ?? long.MaxValue;
            ShareSearchPage page = authority.Ref.Rights.HasFlag(Rights.Admin)
                ? await SearchAllAsync(authority.Profile, query, before, limit).ConfigureAwait(false)
                : await SearchOwnAsync(authority, query, before, limit).ConfigureAwait(false);
            authority.DemandPage();
            return page;
        }
        finally
        {
            turns.Release();
        }
    }

    public void Dispose() => turns.Dispose();

    private static (SearchQuery Query, int Limit) QueryOf(ReadProfile profile, SearchRequest request)
    {
        if (request.Query is not { } text || text.Length > MostChars || request.Limit < 1 || request.After < 0)
            throw new ShareRpcException(ErrorCode.InvalidParams);
        IReadOnlyList<string> words = SearchWords.OfQuery(text);
        if (words.Count is 0 || words.Count > MostWords) throw new ShareRpcException(ErrorCode.InvalidParams);
        IReadOnlyList<SearchLayer> layers = SearchText.Visible(profile);
        if (layers.Count == 0) throw new ShareRpcException(ErrorCode.Forbidden);
        return (new SearchQuery(words, layers), Math.Min(request.Limit ?? MostHits, MostHits));
    }

    private async ValueTask<SearchPage> SearchAsync(
        ReadProfile profile, long shareKey, SearchQuery query, long after, int limit)
    {
        long indexed = await index.IndexedAsync(shareKey).ConfigureAwait(false);
        if (indexed == ISearchIndex.Erased) return new SearchPage { Hits = [], Cursor = 0 };
        await using IReadSnapshot snapshot = await store.BeginReadAsync().ConfigureAwait(false);
        IReadOnlyList<SearchPlace> places =
            await index.FindAsync(shareKey, query, after, limit).ConfigureAwait(false);
        HashSet<(string, string)> touched = await TouchedAsync(snapshot, shareKey).ConfigureAwait(false);
        var hits = new List<SearchHit>();
        foreach (SearchPlace place in places)
        {
            if (touched.Contains((place.Kind, place.Key))) continue; // it comes again, at its new cursor
            if (await HitAsync(snapshot, profile, query, place).ConfigureAwait(false) is { } hit) hits.Add(hit);
        }

        return new SearchPage
        {
            Hits = hits, Cursor = indexed, Next = places.Count == limit ? places[^1].Cursor : null,
        };
    }

    /// <summary>Looks at all shares, each with its newest hit.</summary>
    private async ValueTask<ShareSearchPage> SearchAllAsync(
        ReadProfile profile, SearchQuery query, long before, int limit)
    {
        var found = new List<ShareSearchHit>();
        await using IReadSnapshot snapshot = await store.BeginReadAsync().ConfigureAwait(false);
        IReadOnlyList<SearchPlace> places =
            await index.FindNewestAsync(query, before, 0, limit).ConfigureAwait(false);
        foreach (SearchPlace place in places)
        {
            if (await FirstHitAsync(snapshot, profile, query, place, share: null).ConfigureAwait(false) is { } hit)
                found.Add(hit);
        }

        return new ShareSearchPage { Shares = found, Next = places.Count == limit ? places[^1].ShareKey : null };
    }

    /// <summary>Returns the first of a share's newest places that holds the words for this reader.</summary>
    private async ValueTask<ShareSearchHit?> FirstHitAsync(
        IReadSnapshot snapshot, ReadProfile profile, SearchQuery query, SearchPlace newest, ShareRow? share)
    {
        SearchPlace? place = newest;
        for (int tries = 0; tries < MostTries && place?.ShareKey == newest.ShareKey; tries++)
        {
            if (await HitAsync(snapshot, profile, query, place, share).ConfigureAwait(false) is { } hit) return hit;
            place = await NewestAsync(query, place.ShareKey, place.Cursor).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Looks at the caller's own shares alone, so that those of others make no difference.</summary>
    private async ValueTask<ShareSearchPage> SearchOwnAsync(
        Authority authority, SearchQuery query, long before, int limit)
    {
        var found = new List<ShareSearchHit>();
        await using IReadSnapshot snapshot = await store.BeginReadAsync().ConfigureAwait(false);
        List<ShareRow> own = [];
        IReadOnlyList<ShareListRow> some;
        for (long after = 0; own.Count < serverLimits.SearchedShares; after = some[^1].Share.Key)
        {
            some = await snapshot.ReadSharesAsync(authority.Ref.Key, after, limits.PageEntries).ConfigureAwait(false);
            own.AddRange(some.Select(listed => listed.Share));
            if (some.Count < limits.PageEntries) break;
        }

        foreach (ShareRow share in own.Where(share => share.Key < before).Reverse())
        {
            if (found.Count == limit) return new ShareSearchPage { Shares = found, Next = before };
            before = share.Key;
            SearchPlace? place = await NewestAsync(query, share.Key + 1, 0).ConfigureAwait(false);
            if (place?.ShareKey != share.Key) continue;
            if (await FirstHitAsync(snapshot, authority.Profile, query, place, share).ConfigureAwait(false) is { } hit)
                found.Add(hit);
        }

        return new ShareSearchPage { Shares = found };
    }

    private async ValueTask<SearchPlace?> NewestAsync(SearchQuery query, long beforeShare, long beforeCursor) =>
        await index.FindNewestAsync(query, beforeShare, beforeCursor, 1).ConfigureAwait(false) is [var newest, ..]
            ? newest : null;

    private static async ValueTask<ShareSearchHit?> HitAsync(
        IReadSnapshot snapshot, ReadProfile profile, SearchQuery query, SearchPlace place, ShareRow? share)
    {
        share ??= await snapshot.FindShareAsync(place.ShareKey).ConfigureAwait(false);
        if (share is null or { State: ShareState.Deleted }) return null;
        HashSet<(string, string)> touched = await TouchedAsync(snapshot, share.Key).ConfigureAwait(false);
        if (touched.Contains((place.Kind, place.Key))) return null;
        SearchHit? hit = await HitAsync(snapshot, profile, query, place).ConfigureAwait(false);
        return hit is null ? null : new ShareSearchHit { ShareId = share.ShareId, Label = share.Label, Hit = hit };
    }

    /// <summary>Returns null for a document that does not hold the words, or not for this reader.</summary>
    private static async ValueTask<SearchHit?> HitAsync(
        IReadSnapshot snapshot, ReadProfile profile, SearchQuery query, SearchPlace place)
    {
        StoredDoc? doc = await snapshot.FindDocAsync(place.ShareKey, place.Kind, place.Key).ConfigureAwait(false);
        if (doc?.Data is not { } data) return null;
        var document = new Document(doc.Kind, doc.Key, doc.Cursor, data);
        if (profile.Show(document, doc.Class) is not { } shown) return null;
        var missing = new HashSet<string>(query.Words, StringComparer.Ordinal);
        var words = new HashSet<string>(StringComparer.Ordinal);
        string? snippet = null;
        SearchText.Read(doc.Kind, doc.Class, shown.Data, (_, text) =>
        {
            if (missing.Count == 0) return;
            words.Clear();
            SearchWords.Collect(text, words, int.MaxValue);
            int before = missing.Count;
            missing.ExceptWith(words);
            if (missing.Count < before) snippet ??= SnippetOf(text, query.Words);
        });
        return missing.Count > 0 || snippet is null ? null
            : new SearchHit
            {
                Kind = doc.Kind, Key = doc.Key, Cursor = doc.Cursor, Message = MessageOf(shown), Snippet = snippet,
            };
    }

    private static string? MessageOf(Document shown)
    {
        using JsonDocument data = shown.Data.ToDocument();
        bool isSaid = shown.Kind == Kinds.Part && data.RootElement.ValueKind == JsonValueKind.Object
            && data.RootElement.TryGetProperty("messageID", out JsonElement message)
            && message.ValueKind == JsonValueKind.String;
        return isSaid ? data.RootElement.GetProperty("messageID").GetString() : null;
    }

    /// <summary>Returns the documents with ops that are not folded yet: what the index says of them is old.</summary>
    private static async ValueTask<HashSet<(string, string)>> TouchedAsync(IReadSnapshot snapshot, long shareKey)
    {
        ShareRow share = (await snapshot.FindShareAsync(shareKey).ConfigureAwait(false))!;
        IReadOnlyList<TailOp> tail =
            await snapshot.ReadTailAsync(shareKey, share.Folded, int.MaxValue).ConfigureAwait(false);
        return [.. tail.Select(op => (op.Kind, op.Key))];
    }

    private static string SnippetOf(string text, IReadOnlyList<string> words)
    {
        (int at, int length) = SearchWords.Find(text, [.. words]);
        int from = Math.Max(0, at - SnippetBefore);
        int to = Math.Min(text.Length, Math.Max(from + SnippetChars, at + length));
        if (from > 0 && char.IsLowSurrogate(text[from])) from++;
        if (to < text.Length && char.IsLowSurrogate(text[to])) to--;
        string piece = string.Join(' ', text[from..to].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return $"{(from > 0 ? "…" : "")}{piece}{(to < text.Length ? "…" : "")}";
    }
}
