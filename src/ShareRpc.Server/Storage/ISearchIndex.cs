namespace ShareRpc.Server.Storage;

/// <summary>
/// Which documents hold which words: an index for each <see cref="SearchLayer"/>. It is made of what the store keeps
/// and can be made anew at any time. Failures throw <see cref="StorageException"/>. Any thread.
/// </summary>
internal interface ISearchIndex : IDisposable
{
    /// <summary>
    /// Returns up to which cursor the share is indexed: 0 for an unknown share, <see cref="Erased"/> for an erased one.
    /// </summary>
    ValueTask<long> IndexedAsync(long shareKey);

    /// <summary>
    /// Puts entries in the place of what is known of their documents. Returns false, and changes nothing, unless the
    /// share is indexed up to <paramref name="from"/>.
    /// </summary>
    ValueTask<bool> WriteAsync(long shareKey, long from, long upTo, IReadOnlyList<SearchEntry> entries);

    /// <summary>
    /// Returns documents of a share in the order of their cursors, after one; at a cost that is this share's.
    /// </summary>
    ValueTask<IReadOnlyList<SearchPlace>> FindAsync(long shareKey, SearchQuery query, long after, int limit);

    /// <summary>Returns the newest document of a share, before a cursor; null for none.</summary>
    ValueTask<SearchPlace?> FindNewestAsync(long shareKey, SearchQuery query, long before);

    /// <summary>
    /// Returns the newest document of each of so many shares, the newest share first, before a share.
    /// </summary>
    ValueTask<IReadOnlyList<SearchPlace>> FindNewestOfAllAsync(SearchQuery query, long beforeShare, int limit);

    /// <summary>
    /// Takes up to so many documents of a share out, and sets up to where it is indexed then: <see cref="Erased"/>, or
    /// 0 to begin anew. Returns true when nothing is left.
    /// </summary>
    ValueTask<bool> EraseAsync(long shareKey, int rows, long indexed = Erased);

    /// <summary>As <see cref="IShareStore.PurgeAsync"/>; false also where that is not due yet.</summary>
    Task<bool> PurgeAsync(CancellationToken stopping);

    /// <summary>The cursor of shares that are erased: nothing of them is indexed again.</summary>
    const long Erased = long.MaxValue;
}
