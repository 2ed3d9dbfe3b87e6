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
        Assert.True(await index.PurgeAsync());
        Assert.Empty(FileBytes.FilesWith(directory.Path, "canaryfirst"));
        Assert.NotEmpty(FileBytes.FilesWith(directory.Path, "canarysecond"));
        for (int share = 1; share <= 2; share++)
        {
            while (!await index.EraseAsync(share, 100))
            {
            }
        }

        Assert.True(await index.PurgeAsync());
        Assert.Empty(FileBytes.FilesWith(directory.Path, "canary"));
    }

    [Fact]
    public async Task A_damaged_file_is_made_anew()
    {
        await File.WriteAllTextAsync(directory["search.db"], new string('?', 9_000));
        using var index = (SqliteSearchIndex)OpenEmpty();
        Assert.Equal(0, await index.IndexedAsync(1));
    }

    /// <summary>The digits come first, so that no word shares its beginning with the one before.</summary>
    private static async Task WriteAsync(SqliteSearchIndex index, int share, long from, string word)
    {
        SearchEntry[] entries = [.. Enumerable.Range(1, 300).Select(i => new SearchEntry("part", $"k{i}", from + i,
            new Dictionary<SearchLayer, IReadOnlyCollection<string>>
            {
                [SearchLayer.Plain] = [$"{i}canary{word}", "common"],
            }))];
        Assert.True(await index.WriteAsync(share, from, from + 300, entries));
    }
}
