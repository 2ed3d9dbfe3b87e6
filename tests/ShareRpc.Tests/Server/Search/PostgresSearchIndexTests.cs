using System.Text;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Search;

[NeedsPostgres]
public sealed class PostgresSearchIndexTests : SearchIndexContract, IAsyncLifetime
{
    private const string Canary = "canary9b1f";
    private readonly FakeTimeProvider clock = new();
    private string connection = "";
    private PostgresShareStore? store;

    public async Task InitializeAsync()
    {
        connection = await TestPostgres.NewDatabaseAsync();
        store = await PostgresShareStore.OpenAsync(connection);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [StoreFact]
    public async Task Words_of_an_erased_share_are_in_no_file_of_the_index_no_row_and_no_statistics()
    {
        using var index = (PostgresSearchIndex)OpenEmpty();
        foreach ((long share, string word) in new[] { (1L, Canary), (2L, "stays") })
        {
            SearchEntry[] entries = [.. Enumerable.Range(1, 40).Select(cursor => new SearchEntry(
                "part", $"{word}{cursor}", cursor, new Dictionary<SearchLayer, IReadOnlyCollection<string>>
                {
                    [SearchLayer.Plain] = [word, $"{word}{cursor}"],
                }))];
            Assert.True(await index.WriteAsync(share, 0, 40, entries));
        }

        await RunAsync("ANALYZE");
        await RunAsync("CHECKPOINT");
        Assert.True(await IsInFileAsync("search_entry_words", Canary));

        while (!await index.EraseAsync(1, 100)) continue;
        Assert.True(await store!.PurgeAsync());
        Assert.True(await index.PurgeAsync(default));

        await RunAsync("CHECKPOINT");
        foreach (string relation in (string[])["search_entry_words", "search_entry_pkey", "search_share"])
            Assert.False(await IsInFileAsync(relation, Canary), relation);
        Assert.True(await IsInFileAsync("search_entry_words", "stays"));
        Assert.Equal(0L, await ReadAsync(
            $"SELECT count(*) FROM search_entry e WHERE e::text LIKE '%{Canary}%'"));
        Assert.Equal(0L, await ReadAsync(
            $"SELECT count(*) FROM pg_stats s WHERE s::text LIKE '%{Canary}%' OR s::text LIKE '%stays%'"));
        var query = new SearchQuery(["stays"], [SearchLayer.Plain]);
        Assert.Equal(9, (await index.FindAsync(2, query, 0, 9)).Count);
    }

    [StoreFact]
    public async Task Among_many_shares_the_newest_come_first_page_by_page()
    {
        using var index = (PostgresSearchIndex)OpenEmpty();
        long[] shares = [1, 511, 512, 600, 5_000, 20_000, 20_001];
        foreach (long share in shares)
        {
            Assert.True(await index.WriteAsync(share, 0, 1, [new SearchEntry("part", "a", 1,
                new Dictionary<SearchLayer, IReadOnlyCollection<string>> { [SearchLayer.Plain] = ["word"] })]));
        }

        var query = new SearchQuery(["word"], [SearchLayer.Plain]);
        foreach (int limit in (int[])[1, 3, 20])
        {
            var found = new List<long>();
            long before = long.MaxValue;
            while (await index.FindNewestOfAllAsync(query, before, limit) is { Count: > 0 } page)
            {
                found.AddRange(page.Select(place => place.ShareKey));
                before = found[^1];
            }

            Assert.Equal(shares.Reverse(), found);
        }
    }

    [StoreFact]
    public async Task The_index_is_made_anew_by_one_node_at_a_time()
    {
        using var index = (PostgresSearchIndex)OpenEmpty();
        await using var other = new NpgsqlConnection(connection);
        await other.OpenAsync();
        await using (var take = new NpgsqlCommand("SELECT pg_advisory_lock(6008207563514762057)", other))
            await take.ExecuteNonQueryAsync();
        Assert.False(await index.PurgeAsync(default));
        await other.CloseAsync();
        NpgsqlConnection.ClearPool(other);
        while (!await index.PurgeAsync(default)) continue;
    }

    [StoreFact]
    public async Task What_a_rebuild_left_behind_that_was_cut_goes_with_the_next_one()
    {
        using var index = (PostgresSearchIndex)OpenEmpty();
        await RunAsync("CREATE INDEX search_entry_words_ccnew ON search_entry USING gin (words)");
        Assert.True(await index.PurgeAsync(default));
        Assert.Equal(3L, await ReadAsync("SELECT count(*) FROM pg_indexes WHERE tablename = 'search_entry'"));
    }

    protected override object OpenEmpty() => new PostgresSearchIndex(store!.Database, clock);

    protected override void Close() => store?.Dispose();

    private async Task<bool> IsInFileAsync(string relation, string text)
    {
        string path = (string)await ReadAsync($"SELECT pg_relation_filepath('{relation}')");
        string directory = new NpgsqlConnectionStringBuilder(connection).Host!;
        byte[] bytes = await File.ReadAllBytesAsync(Path.Combine(directory, "data", path));
        return bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
    }

    private async Task RunAsync(string sql)
    {
        await using NpgsqlCommand command = store!.Database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<object> ReadAsync(string sql)
    {
        await using NpgsqlCommand command = store!.Database.Source.CreateCommand(sql);
        return (await command.ExecuteScalarAsync())!;
    }
}
