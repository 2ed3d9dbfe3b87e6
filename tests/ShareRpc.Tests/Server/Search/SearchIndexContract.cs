using ShareRpc.Server.Storage;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Search;

/// <summary>What every <see cref="ISearchIndex"/> does. The class of an index derives from it and opens one.</summary>
public abstract class SearchIndexContract : IDisposable
{
    private readonly Lazy<ISearchIndex> opened;

    protected SearchIndexContract() => opened = new Lazy<ISearchIndex>(() => (ISearchIndex)OpenEmpty());

    private ISearchIndex Index => opened.Value;

    public void Dispose()
    {
        if (opened.IsValueCreated) Index.Dispose();
        Close();
        GC.SuppressFinalize(this);
    }

    protected abstract object OpenEmpty();

    protected abstract void Close();

    [StoreFact]
    public async Task Documents_are_found_in_the_order_of_their_cursors_within_their_share_and_layers()
    {
        await WriteAsync(1, 0, 9, Entry("b", 9, plain: "word other"), Entry("a", 4, plain: "word"),
            Entry("c", 6, tool: "word"));
        await WriteAsync(2, 0, 1, Entry("a", 1, plain: "word"));
        SearchLayer[] both = [SearchLayer.Plain, SearchLayer.Tool];
        Assert.Equal(["a", "c", "b"], await FindAsync(1, both, 0, 9, "word"));
        Assert.Equal(["a", "b"], await FindAsync(1, [SearchLayer.Plain], 0, 9, "word"));
        Assert.Equal(["b"], await FindAsync(1, both, 0, 9, "other", "word"));
        Assert.Equal(["c", "b"], await FindAsync(1, both, 4, 9, "word"));
        Assert.Equal(["a", "c"], await FindAsync(1, both, 0, 2, "word"));
        Assert.Empty(await FindAsync(1, both, 0, 9, "wor"));
        Assert.Empty(await FindAsync(3, both, 0, 9, "word"));
        Assert.Equal((9, 0), (await Index.IndexedAsync(1), await Index.IndexedAsync(3)));
    }

    [StoreFact]
    public async Task A_later_entry_takes_the_place_of_the_one_before_and_one_without_words_takes_it_out()
    {
        await WriteAsync(1, 0, 2, Entry("a", 1, plain: "old"), Entry("b", 2, plain: "old", tool: "tool"));
        await WriteAsync(1, 2, 4, Entry("a", 3, plain: "new"), Entry("b", 4));
        SearchLayer[] all = Enum.GetValues<SearchLayer>();
        Assert.Empty(await FindAsync(1, all, 0, 9, "old"));
        Assert.Empty(await FindAsync(1, all, 0, 9, "tool"));
        Assert.Equal(["a"], await FindAsync(1, all, 0, 9, "new"));
    }

    [StoreFact]
    public async Task What_does_not_begin_where_the_index_is_changes_nothing()
    {
        await WriteAsync(1, 0, 2, Entry("a", 1, plain: "word"));
        Assert.False(await Index.WriteAsync(1, 0, 5, [Entry("a", 5)]));
        Assert.Equal(["a"], await FindAsync(1, [SearchLayer.Plain], 0, 9, "word"));
    }

    [StoreFact]
    public async Task The_newest_document_of_all_shares_is_found_and_those_before_it()
    {
        await WriteAsync(1, 0, 9, Entry("old", 9, plain: "word"));
        await WriteAsync(2, 0, 3, Entry("first", 2, plain: "word"), Entry("second", 3, tool: "word"));
        var query = new SearchQuery(["word"], [SearchLayer.Plain, SearchLayer.Tool]);
        SearchPlace old = new(1, 9, "part", "old"), first = new(2, 2, "part", "first");
        SearchPlace second = new(2, 3, "part", "second");
        Assert.Equal([second, old], await Index.FindNewestOfAllAsync(query, long.MaxValue, 9));
        Assert.Equal([second], await Index.FindNewestOfAllAsync(query, long.MaxValue, 1));
        Assert.Equal([old], await Index.FindNewestOfAllAsync(query, 2, 9));
        Assert.Empty(await Index.FindNewestOfAllAsync(query, 1, 9));
        Assert.Equal(second, await Index.FindNewestAsync(2, query, long.MaxValue));
        Assert.Equal(first, await Index.FindNewestAsync(2, query, 3));
        Assert.Null(await Index.FindNewestAsync(2, query, 2));
        Assert.Null(await Index.FindNewestAsync(3, query, long.MaxValue));
    }

    [StoreFact]
    public async Task The_number_of_a_share_is_no_word_of_it()
    {
        await WriteAsync(1, 0, 9, Entry("a", 9, plain: "word"));
        Assert.Empty(await FindAsync(1, [SearchLayer.Plain], 0, 9, "1"));
        Assert.Empty(await FindAsync(1, [SearchLayer.Plain], 0, 9, "1", "word"));
    }

    [StoreFact]
    public async Task An_erased_share_has_nothing_and_gets_nothing()
    {
        await WriteAsync(1, 0, 3, Entry("a", 1, plain: "word"), Entry("b", 2, plain: "word"));
        Assert.False(await Index.EraseAsync(1, 1));
        Assert.False(await Index.EraseAsync(1, 1));
        Assert.True(await Index.EraseAsync(1, 1));
        Assert.True(await Index.PurgeAsync(default));
        Assert.Empty(await FindAsync(1, [SearchLayer.Plain], 0, 9, "word"));
        Assert.Equal(ISearchIndex.Erased, await Index.IndexedAsync(1));
        Assert.False(await Index.WriteAsync(1, 0, 5, [Entry("a", 5, plain: "word")]));
    }

    private async Task WriteAsync(long share, long from, long upTo, params SearchEntry[] entries) =>
        Assert.True(await Index.WriteAsync(share, from, upTo, entries));

    private async Task<IEnumerable<string>> FindAsync(
        long share, SearchLayer[] layers, long after, int limit, params string[] words) =>
        (await Index.FindAsync(share, new SearchQuery(words, layers), after, limit)).Select(place => place.Key);

    private static SearchEntry Entry(string key, long cursor, string? plain = null, string? tool = null)
    {
        var words = new Dictionary<SearchLayer, IReadOnlyCollection<string>>();
        if (plain is not null) words.Add(SearchLayer.Plain, plain.Split(' '));
        if (tool is not null) words.Add(SearchLayer.Tool, tool.Split(' '));
        return new SearchEntry("part", key, cursor, words);
    }
}
