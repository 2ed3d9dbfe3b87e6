using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Fakes;

/// <summary>An index that cannot write or erase one share.</summary>
internal sealed class FaultySearchIndex(ISearchIndex inner) : ISearchIndex
{
    /// <summary>Gets or sets the share that fails; null: none.</summary>
    public long? Fails { get; set; }

    public ValueTask<long> IndexedAsync(long shareKey) => inner.IndexedAsync(shareKey);

    public ValueTask<bool> WriteAsync(long shareKey, long from, long upTo, IReadOnlyList<SearchEntry> entries) =>
        shareKey == Fails ? throw new InvalidOperationException("It fails.")
            : inner.WriteAsync(shareKey, from, upTo, entries);

    public ValueTask<IReadOnlyList<SearchPlace>> FindAsync(long shareKey, SearchQuery query, long after, int limit) =>
        inner.FindAsync(shareKey, query, after, limit);

    public ValueTask<SearchPlace?> FindNewestAsync(long shareKey, SearchQuery query, long before) =>
        inner.FindNewestAsync(shareKey, query, before);

    public ValueTask<IReadOnlyList<SearchPlace>> FindNewestOfAllAsync(SearchQuery query, long beforeShare, int limit) =>
        inner.FindNewestOfAllAsync(query, beforeShare, limit);

    public ValueTask<bool> EraseAsync(long shareKey, int rows, long indexed = ISearchIndex.Erased) =>
        shareKey == Fails ? throw new InvalidOperationException("It fails.")
            : inner.EraseAsync(shareKey, rows, indexed);

    public Task<bool> PurgeAsync(CancellationToken stopping) => inner.PurgeAsync(stopping);

    public void Dispose() => inner.Dispose();
}
