using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Search;

/// <summary>
/// Answers searches. The index only says where to look: each document is read, shown as its reader may see it, and
/// must hold the words still.
/// </summary>
internal sealed class ShareSearch(
    IShareStore store, ISearchIndex index, AuditBook audit, MemoryBudget memory, ProtocolLimits limits,
    ServerLimits serverLimits)
{
    /// <summary>Fixed by the protocol ([SEARCH-2]).</summary>
    private const int MostChars = 256;
    private const int MostWords = 16;
    private const int MostHits = 100;

    /// <summary>Documents of a share that may have changed since they were indexed, before it is passed over.</summary>
    private const int MostTries = 4;
    private const int SnippetBefore = 60;
    private const int SnippetChars = 180;

    /// <summary>Pages of documents that are read for a page of hits, and copies of one: stored, shown, read.</summary>
    private const int MostPages = 4;
    private const int Copies = 3;

    private readonly SearchTurns turns = new(serverLimits);

    /// <summary>Searches one share, in the order of cursors.</summary>
    public Task<SearchPage> SearchAsync(Authority authority, SearchRequest request, CancellationToken stop)
    {
        authority.Demand(Rights.Read);
        (SearchQuery query, int limit) = QueryOf(authority.Profile, request);
        return InTurnAsync(authority, ending => SearchAsync(new Reading(authority.Profile, query, ending),
            authority.Ref.ShareKey!.Value, request.After ?? 0, limit), stop);
    }

    /// <summary>Searches the shares that the caller may list, newest first; the audit trail says so.</summary>
    public Task<ShareSearchPage> SearchSharesAsync(
        Authority authority, SearchRequest request, CancellationToken stop)
    {
        authority.Demand(Rights.Create | Rights.Read);
        (SearchQuery query, int limit) = QueryOf(authority.Profile, request);
        audit.NoteSearch(authority.Ref);
        long before = request.After ?? long.MaxValue;
        return InTurnAsync(authority, ending =>
        {
            var reading = new Reading(authority.Profile, query, ending);
            return authority.Ref.Rights.HasFlag(Rights.Admin)
                ? SearchAllAsync(reading, before, limit) : SearchOwnAsync(reading, authority.Ref.Key, before, limit);
        }, stop);
    }

    private async Task<T> InTurnAsync<T>(
        Authority authority, Func<CancellationToken, ValueTask<T>> searchAsync, CancellationToken stop)
    {
        if (!memory.HasRoom(limits.PageBytes * (long)Copies))
            throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = serverLimits.OverloadedRetryAfter };
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop, authority.Denied);
        try
        {
            await turns.EnterAsync(authority.Ref.Key, ending.Token).ConfigureAwait(false);
            try
            {
                T page = await searchAsync(ending.Token).ConfigureAwait(false);
                authority.DemandPage();
                return page;
            }
            finally
            {
                turns.Leave(authority.Ref.Key);
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            authority.DemandPage(); // throws why it was denied
            throw;
        }
    }

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

    private async ValueTask<SearchPage> SearchAsync(Reading reading, long shareKey, long after, int limit)
    {
        long indexed = await index.IndexedAsync(shareKey).ConfigureAwait(false);
        if (indexed == ISearchIndex.Erased) return new SearchPage { Hits = [], Cursor = 0 };
        await using IReadSnapshot snapshot = await store.BeginReadAsync().ConfigureAwait(false);
        IReadOnlyList<SearchPlace> places =
            await index.FindAsync(shareKey, reading.Query, after, limit).ConfigureAwait(false);
        HashSet<(string, string)> touched = await TouchedAsync(snapshot, shareKey).ConfigureAwait(false);
        var hits = new List<SearchHit>();
        for (int i = 0; i < places.Count; i++)
        {
            if (IsEnough(reading)) return new SearchPage { Hits = hits, Cursor = indexed, Next = places[i - 1].Cursor };
            if (touched.Contains((places[i].Kind, places[i].Key))) continue; // it comes again, at its new cursor
            if (await HitAsync(snapshot, reading, places[i]).ConfigureAwait(false) is { } hit) hits.Add(hit);
        }

        return new SearchPage
        {
            Hits = hits, Cursor = indexed, Next = places.Count == limit ? places[^1].Cursor : null,
        };
    }

    /// <summary>Looks at all shares, each with its newest hit.</summary>
    private async ValueTask<ShareSearchPage> SearchAllAsync(Reading reading, long before, int limit)
    {
        var found = new List<ShareSearchHit>();
        await using IReadSnapshot snapshot = await store.BeginReadAsync().ConfigureAwait(false);
        IReadOnlyList<SearchPlace> places =
            await index.FindNewestOfAllAsync(reading.Query, before, limit).ConfigureAwait(false);
        foreach (SearchPlace place in places)
        {
            if (IsEnough(reading)) return new ShareSearchPage { Shares = found, Next = before };
            before = place.ShareKey;
            ShareRow? share = await snapshot.FindShareAsync(before).ConfigureAwait(false);
            if (share is null) continue;
            if (await FirstHitAsync(snapshot, reading, place, share).ConfigureAwait(false) is { } hit) found.Add(hit);
        }

        return new ShareSearchPage { Shares = found, Next = places.Count == limit ? before : null };
    }

    /// <summary>Looks at the caller's own shares alone, so that those of others make no difference.</summary>
    private async ValueTask<ShareSearchPage> SearchOwnAsync(Reading reading, long creatorKey, long before, int limit)
    {
        var found = new List<ShareSearchHit>();
        await using IReadSnapshot snapshot = await store.BeginReadAsync().ConfigureAwait(false);
        IReadOnlyList<ShareRow> own = await snapshot.ReadNewestSharesAsync(
            creatorKey, before, serverLimits.SearchedShares).ConfigureAwait(false);
        foreach (ShareRow share in own)
        {
            if (found.Count == limit || IsEnough(reading)) return new ShareSearchPage { Shares = found, Next = before };
            before = share.Key;
            SearchPlace? place =
                await index.FindNewestAsync(share.Key, reading.Query, long.MaxValue).ConfigureAwait(false);
            if (place is null) continue;
            if (await FirstHitAsync(snapshot, reading, place, share).ConfigureAwait(false) is { } hit) found.Add(hit);
        }

        return new ShareSearchPage { Shares = found, Next = own.Count == serverLimits.SearchedShares ? before : null };
    }

    /// <summary>Returns the first of a share's newest places that holds the words for this reader.</summary>
    private async ValueTask<ShareSearchHit?> FirstHitAsync(
        IReadSnapshot snapshot, Reading reading, SearchPlace newest, ShareRow share)
    {
        if (share.State == ShareState.Deleted) return null;
        HashSet<(string, string)> touched = await TouchedAsync(snapshot, share.Key).ConfigureAwait(false);
        SearchPlace? place = newest;
        for (int tries = 0; tries < MostTries && place is not null; tries++)
        {
            SearchHit? hit = touched.Contains((place.Kind, place.Key)) ? null
                : await HitAsync(snapshot, reading, place).ConfigureAwait(false);
            if (hit is not null) return new ShareSearchHit { ShareId = share.ShareId, Label = share.Label, Hit = hit };
            place = await index.FindNewestAsync(share.Key, reading.Query, place.Cursor).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Returns whether the page has read so much that it ends here.</summary>
    private bool IsEnough(Reading reading)
    {
        reading.Stop.ThrowIfCancellationRequested();
        return reading.Bytes >= limits.PageBytes * (long)MostPages;
    }

    /// <summary>Returns null for a document that does not hold the words, or not for this reader.</summary>
    private async ValueTask<SearchHit?> HitAsync(IReadSnapshot snapshot, Reading reading, SearchPlace place)
    {
        StoredDoc? doc = await snapshot.FindDocAsync(place.ShareKey, place.Kind, place.Key).ConfigureAwait(false);
        if (doc?.Data is not { } data) return null;
        reading.Bytes += data.Utf8.Length;
        var document = new Document(doc.Kind, doc.Key, doc.Cursor, data);
        if (reading.Profile.Show(document, doc.Class) is not { } shown) return null;
        var missing = new HashSet<string>(reading.Query.Words, StringComparer.Ordinal);
        string? snippet = null;
        SearchText.Read(doc.Kind, doc.Class, shown.Data, serverLimits.SearchedChars, (_, text) =>
        {
            if (missing.Count > 0 && SearchWords.TakeOut(text, missing))
                snippet ??= SnippetOf(text, reading.Query.Words);
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

    /// <summary>One page that is made, and how many bytes of documents were read for it.</summary>
    private sealed class Reading(ReadProfile profile, SearchQuery query, CancellationToken stop)
    {
        public ReadProfile Profile => profile;

        public SearchQuery Query => query;

        public CancellationToken Stop => stop;

        public long Bytes { get; set; }
    }
}
