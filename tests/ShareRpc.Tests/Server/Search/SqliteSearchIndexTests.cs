using System.Diagnostics;
using ShareRpc.Server;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Search;

public sealed class SqliteSearchIndexTests : SearchIndexContract
{
    private readonly TemporaryDirectory directory = new();

    protected override object OpenEmpty() => SqliteSearchIndex.Open(directory["search.db"], ServerLimits.Default);

    protected override void Close() => directory.Dispose();

    [Fact]
    public async Task Words_of_what_was_replaced_or_erased_are_in_no_file()
    {
        using var index = (SqliteSearchIndex)OpenEmpty();
        for (int share = 1; share <= 2; share++) await WriteAsync(index, share, 0, "first");
        for (int share = 1; share <= 2; share++) await WriteAsync(index, share, 300, "second");
        Assert.True(await index.PurgeAsync(default));
        Assert.Empty(FileBytes.FilesWith(directory.Path, "canaryfirst"));
        Assert.NotEmpty(FileBytes.FilesWith(directory.Path, "canarysecond"));
        for (int share = 1; share <= 2; share++)
        {
            while (!await index.EraseAsync(share, 100))
            {
            }
        }

        Assert.True(await index.PurgeAsync(default));
        Assert.Empty(FileBytes.FilesWith(directory.Path, "canary"));
    }

    /// <summary>Beside a search of all shares, which has to go through all rows of both words.</summary>
    [Fact]
    public async Task What_a_search_of_one_share_costs_does_not_depend_on_other_shares()
    {
        const int Documents = 40_000;
        using var index = (SqliteSearchIndex)OpenEmpty();
        const long Far = 1 << 20; // as ids of many shares are
        SearchEntry[] entries =
            [.. Enumerable.Range(1, Documents).Select(i => EntryOf(i * Far, i % 2 == 0 ? "even" : "odd"))];
        Assert.True(await index.WriteAsync(1, 0, Documents * Far, entries));
        Assert.True(await index.WriteAsync(2, 0, 2, [EntryOf(1, "even"), EntryOf(2, "odd")]));
        var query = new SearchQuery(["even", "odd"], [SearchLayer.Plain]);
        (TimeSpan one, TimeSpan all) = (TimeSpan.Zero, TimeSpan.Zero);
        for (int i = 0; i < 50; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Assert.Empty(await index.FindAsync(2, query, 0, 9));
            Assert.Null(await index.FindNewestAsync(2, query, long.MaxValue));
            one += Stopwatch.GetElapsedTime(start);
            start = Stopwatch.GetTimestamp();
            Assert.Empty(await index.FindNewestOfAllAsync(query, long.MaxValue, 9));
            all += Stopwatch.GetElapsedTime(start);
        }

        Assert.True(one * 2 < all, $"one: {one}, all: {all}");
    }

    [Fact]
    public async Task A_damaged_file_is_made_anew()
    {
        await File.WriteAllTextAsync(directory["search.db"], new string('?', 9_000));
        using var index = (SqliteSearchIndex)OpenEmpty();
        Assert.Equal(0, await index.IndexedAsync(1));
    }

    [Fact]
    public async Task A_file_whose_damage_shows_later_is_made_anew_by_the_next_start_however_this_one_ends()
    {
        using (var first = (SqliteSearchIndex)OpenEmpty()) await WriteAsync(first, 1, 0, "word");
        await using (FileStream file = File.OpenWrite(directory["search.db"]))
        {
            file.Position = 4096;
            await file.WriteAsync(Enumerable.Repeat((byte)'?', (int)(file.Length - 4096)).ToArray());
        }

        using var damaged = (SqliteSearchIndex)OpenEmpty();
        await Assert.ThrowsAsync<StorageException>(() => WriteAsync(damaged, 1, 300, "word"));
        using var next = (SqliteSearchIndex)OpenEmpty();
        await WriteAsync(next, 1, 0, "word");
    }

    /// <summary>The digits come first, so that no word shares its beginning with the one before.</summary>
    private static async Task WriteAsync(SqliteSearchIndex index, int share, long from, string word)
    {
        SearchEntry[] entries = [.. Enumerable.Range(1, 300)
            .Select(i => EntryOf(from + i, $"{i}canary{word}", "common") with { Key = $"k{i}" })];
        Assert.True(await index.WriteAsync(share, from, from + 300, entries));
    }

    private static SearchEntry EntryOf(long cursor, params string[] words) => new("part", $"k{cursor}", cursor,
        new Dictionary<SearchLayer, IReadOnlyCollection<string>> { [SearchLayer.Plain] = words });
}
