using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Search;
using ShareRpc.Server.Storage;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Search;

/// <summary>What a search finds for whom, from the append to the answer.</summary>
public sealed class ShareSearchTests : IAsyncLifetime
{
    private ServerRooms rooms = null!;
    private Authority owner = null!;

    private long ShareKey => owner.Ref.ShareKey!.Value;

    public async Task InitializeAsync()
    {
        rooms = await ServerRooms.OpenAsync();
        owner = await rooms.CreateShareAsync();
    }

    public Task DisposeAsync()
    {
        rooms.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Documents_are_found_by_all_words_in_the_order_of_cursors_page_by_page()
    {
        await AppendAsync(
            Text("b", "The sweeper ends silent turns"), Text("a", "A sweeper, and FoldPlan"),
            Text("c", "sweeper turns"));
        SearchPage first = await FindAsync(owner, "Sweeper", limit: 2);
        Assert.Equal(["b", "a"], first.Hits.Select(hit => hit.Key));
        Assert.Equal((3L, 2L), (first.Cursor, first.Next));
        SearchPage second = await FindAsync(owner, "sweeper", after: first.Next, limit: 2);
        Assert.Equal(["c"], second.Hits.Select(hit => hit.Key));
        Assert.Null(second.Next);
        Assert.Equal(["b", "c"], (await FindAsync(owner, "turns SWEEPER")).Hits.Select(hit => hit.Key));
        SearchHit found = Assert.Single((await FindAsync(owner, "plan")).Hits);
        Assert.Equal(
            ("part", "a", 2L, "A sweeper, and FoldPlan"), (found.Kind, found.Key, found.Cursor, found.Snippet));
        Assert.Empty((await FindAsync(owner, "swee")).Hits);
    }

    [Fact]
    public async Task A_snippet_is_cut_around_the_word()
    {
        string text = $"{new string('.', 500)} needle {new string('.', 500)}";
        await AppendAsync(Part("a", $$"""{"type":"text","messageID":"m7","text":"{{text}}"}"""));
        SearchHit hit = Assert.Single((await FindAsync(owner, "needle")).Hits);
        string snippet = hit.Snippet;
        Assert.Equal("m7", hit.Message);
        Assert.Matches("^….* needle .*…$", snippet);
        Assert.InRange(snippet.Length, 100, 200);
    }

    [Theory]
    [InlineData("tools", "text reasoning file")]
    [InlineData("reasoning", "text tool file")]
    [InlineData("files", "text reasoning")]
    [InlineData("tools,reasoning,files", "text")]
    [InlineData("", "text tool reasoning file unknown undone")]
    public async Task A_reader_finds_what_it_may_see_and_nothing_tells_of_the_rest(string redact, string keys)
    {
        await AppendAsync(
            Text("text", "canary"),
            Part("tool", """{"type":"tool","tool":"bash","state":{"output":"canary"}}"""),
            Part("reasoning", """{"type":"reasoning","text":"canary"}"""),
            Part("file", """{"type":"file","text":"canary"}"""),
            Part("unknown", """{"type":"text","text":"seen","secret":"canary"}"""),
            Part("undone", """{"type":"text","text":"canary","undone":true}"""));
        Authority reader = redact.Length == 0 ? owner : await InviteAsync(new Caveats { Redact = redact.Split(',') });
        SearchPage page = await FindAsync(reader, "canary");
        Assert.Equal(keys.Split(' '), page.Hits.Select(hit => hit.Key));
        Assert.All(page.Hits, hit => Assert.Contains("canary", hit.Snippet, StringComparison.Ordinal));
        Assert.Null(page.Next);
        Assert.Null((await FindAsync(reader, "canary", limit: keys.Split(' ').Length + 1)).Next);
    }

    [Theory]
    [InlineData("tools", "plain")]
    [InlineData("reasoning", "plain shown")]
    [InlineData("", "plain shown unknown")]
    public async Task Words_of_one_document_are_found_together_whichever_of_them_a_reader_sees(
        string redact, string found)
    {
        await AppendAsync(Part("tool", """
            {"type":"tool","tool":"plain","state":{"input":{"filePath":"shown"},"output":"shown"},"other":"unknown"}
            """));
        Authority reader = redact.Length == 0 ? owner : await InviteAsync(new Caveats { Redact = [redact] });
        string[] words = ["plain", "shown", "unknown"];
        foreach (string word in words)
        {
            int hits = found.Contains(word, StringComparison.Ordinal) ? 1 : 0;
            Assert.Equal(hits, (await FindAsync(reader, $"plain {word}")).Hits.Count);
            Assert.Equal(hits, (await FindAsync(reader, $"{word} plain")).Hits.Count);
        }

        Assert.Equal(redact.Length == 0 ? 1 : 0, (await FindAsync(reader, "plain shown unknown")).Hits.Count);
    }

    [Fact]
    public async Task A_page_ends_when_much_was_read_and_the_next_goes_on_there()
    {
        rooms.Dispose();
        rooms = await ServerRooms.OpenAsync(protocolLimits: ProtocolLimits.Default with { PageBytes = 1_000 });
        owner = await rooms.CreateShareAsync();
        string[] keys = [.. Enumerable.Range(1, 9).Select(i => $"k{i}")];
        await AppendAsync([.. keys.Select(key => Text(key, $"canary {new string('.', 1_000)}"))]);
        var found = new List<string>();
        int pages = 0;
        for (long? after = 0; after is not null; pages++)
        {
            SearchPage page = await FindAsync(owner, "canary", after);
            Assert.InRange(page.Hits.Count, 1, 4);
            found.AddRange(page.Hits.Select(hit => hit.Key));
            after = page.Next;
        }

        Assert.Equal(keys, found);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task What_is_far_into_a_document_is_not_found_and_hidden_text_before_a_word_makes_no_difference()
    {
        string most = string.Concat(Enumerable.Repeat("word ", rooms.Limits.SearchedChars / 5 + 1));
        await AppendAsync(
            Text("far", $"{most} canary"),
            Part("behind", $$"""{"hidden":"{{most}}","type":"text","text":"canary"}"""));
        Authority reader = await InviteAsync(new Caveats { Redact = ["tools"] });
        Assert.Equal(["behind"], (await FindAsync(reader, "canary")).Hits.Select(hit => hit.Key));
        Assert.Equal(["behind"], (await FindAsync(owner, "canary")).Hits.Select(hit => hit.Key));
    }

    [Fact]
    public async Task A_search_ends_with_the_call_and_with_its_capability()
    {
        await AppendAsync(Text("a", "canary"));
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rooms.Get<ShareSearch>().SearchAsync(
            owner, new SearchRequest { Query = "canary" }, gone.Token));
        Assert.Single((await FindAsync(owner, "canary")).Hits);
    }

    [Fact]
    public async Task Of_a_creator_with_many_shares_so_many_are_searched_for_a_page_the_newest_first()
    {
        rooms.Dispose();
        rooms = await ServerRooms.OpenAsync(ServerLimits.Default with { SearchedShares = 2 });
        ShareToken link = await rooms.AttenuateAsync(rooms.Root, RightsNames.Creator);
        Authority creator = await rooms.RedeemAsync(link, ofShare: false);
        var shares = new List<string>();
        for (int i = 0; i < 5; i++)
        {
            owner = await rooms.CreateShareAsync(creator);
            await AppendAsync(Text("a", i == 3 ? "other" : "canary"));
            shares.Insert(0, owner.ShareId!);
        }

        owner = await rooms.CreateShareAsync();
        await AppendAsync(Text("a", "canary"));
        var pages = new List<ShareSearchPage>();
        do pages.Add(await FindSharesAsync(creator, pages.LastOrDefault()?.Next));
        while (pages[^1].Next is not null);
        Assert.Equal([1, 2, 1], pages.Select(page => page.Shares.Count));
        Assert.Equal(shares.Where((_, i) => i != 1), pages.SelectMany(page => page.Shares).Select(hit => hit.ShareId));
    }

    [Fact]
    public async Task With_readable_nothing_is_searched()
    {
        await AppendAsync(Text("a", "canary"));
        Authority reader = await InviteAsync(new Caveats
        {
            Readable = new Dictionary<string, IReadOnlyList<string>?> { ["part"] = null },
        });
        Assert.Equal(ErrorCode.Forbidden, await RefusalAsync(() => FindAsync(reader, "canary")));
    }

    [Fact]
    public async Task What_was_removed_hidden_or_changed_is_not_found_even_before_the_index_knows()
    {
        await AppendAsync(
            Text("gone", "canary"), Text("hidden", "canary"), Text("other", "canary"), Text("k", "canary"));
        await rooms.AppendAsync(owner,
            Text("gone", "") with { Verb = Verbs.Remove, Data = null },
            Part("hidden", """{"type":"text","text":"canary","undone":true}"""), Text("other", "another"));
        Authority reader = await InviteAsync(new Caveats { Redact = ["tools"] });
        Assert.Equal(["k"], (await FindAsync(reader, "canary")).Hits.Select(hit => hit.Key));
        await IndexAsync();
        Assert.Equal(["k"], (await FindAsync(reader, "canary")).Hits.Select(hit => hit.Key));
        Assert.Equal(["k", "hidden"], (await FindAsync(owner, "canary")).Hits.Select(hit => hit.Key));
        Assert.Equal(["other"], (await FindAsync(reader, "another")).Hits.Select(hit => hit.Key));
    }

    [Fact]
    public async Task After_a_revocation_nothing_is_found()
    {
        await AppendAsync(Text("a", "canary"));
        ShareToken link = await rooms.AttenuateAsync(owner, Rights.Read);
        Authority reader = await rooms.RedeemAsync(link);
        rooms.Registry.Add(reader);
        Assert.Single((await FindAsync(reader, "canary")).Hits);
        await rooms.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = link.CapId });
        Assert.Equal(ErrorCode.CapabilityRevoked, await RefusalAsync(() => FindAsync(reader, "canary")));
    }

    [Fact]
    public async Task Shares_are_found_newest_first_by_whoever_may_list_them()
    {
        ShareToken link = await rooms.AttenuateAsync(rooms.Root, RightsNames.Creator);
        Authority creator = await rooms.RedeemAsync(link, ofShare: false);
        Authority own = await rooms.CreateShareAsync(creator);
        await AppendAsync(Text("a", "canary one"), Text("b", "canary two"));
        await AppendAsync(own, Text("c", "canary three"));
        ShareSearchPage all = await FindSharesAsync(rooms.Root);
        Assert.Equal(
            [(own.ShareId!, "c"), (owner.ShareId!, "b")], all.Shares.Select(hit => (hit.ShareId, hit.Hit.Key)));
        ShareSearchPage first = await FindSharesAsync(rooms.Root, limit: 1);
        ShareSearchPage second = await FindSharesAsync(rooms.Root, after: first.Next);
        Assert.Equal([owner.ShareId], second.Shares.Select(hit => hit.ShareId));
        Assert.Equal([own.ShareId], (await FindSharesAsync(creator)).Shares.Select(hit => hit.ShareId));

        await rooms.Audit.WriteAsync();
        AuditPage audit = await rooms.Lists.ListAuditAsync(rooms.Root, new AuditRequest { Action = "search_shares" });
        Assert.Equal([3L, 1L], audit.Entries.Select(entry => entry.Count));
    }

    [Fact]
    public async Task Nothing_of_a_deleted_share_is_in_the_index_files()
    {
        await AppendAsync(Text("a", "canaryword"));
        Assert.NotEmpty(FileBytes.FilesWith(rooms.Path, "canaryword"));
        await rooms.Admin.DeleteShareAsync(rooms.Root, new DeleteShareRequest { ShareId = owner.ShareId! });
        using var erasing = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        Task eraser = rooms.Eraser.RunAsync(() => { }, erasing.Token);
        while (true)
        {
            rooms.Eraser.Wake();
            await using (IReadSnapshot snapshot = await rooms.Store.BeginReadAsync())
            {
                if (await snapshot.FindUnerasedShareAsync() is null) break;
            }

            rooms.Clock.Advance(rooms.Limits.StorageRetryAfter);
            erasing.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Empty(FileBytes.FilesWith(rooms.Path, "canaryword"));
        await erasing.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => eraser);
    }

    [Fact]
    public async Task An_index_that_is_ahead_of_its_store_or_was_lost_is_made_anew()
    {
        await AppendAsync(Text("a", "canary"));
        var index = rooms.Get<ISearchIndex>();
        Assert.True(await index.WriteAsync(ShareKey, 1, 99, []));
        await IndexAsync();
        Assert.Equal(1, await index.IndexedAsync(ShareKey));
        Assert.Single((await FindAsync(owner, "canary")).Hits);
    }

    private static OpIntent Text(string key, string text) => Part(key, $$"""{"type":"text","text":"{{text}}"}""");

    private static OpIntent Part(string key, string json) => ServerRooms.Put(key, json);

    private Task AppendAsync(params OpIntent[] ops) => AppendAsync(owner, ops);

    private async Task AppendAsync(Authority to, params OpIntent[] ops)
    {
        Assert.Empty((await rooms.AppendAsync(to, ops)).Rejected);
        await IndexAsync(to);
    }

    private async Task IndexAsync(Authority? of = null)
    {
        long shareKey = (of ?? owner).Ref.ShareKey!.Value;
        await rooms.Folder.FoldShareAsync(shareKey);
        while (await rooms.Get<SearchIndexer>().StepAsync(shareKey))
        {
        }
    }

    private async Task<Authority> InviteAsync(Caveats caveats) =>
        await rooms.RedeemAsync(await rooms.AttenuateAsync(owner, Rights.Read, caveats));

    private Task<SearchPage> FindAsync(Authority by, string words, long? after = null, int? limit = null) =>
        rooms.Get<ShareSearch>().SearchAsync(
            by, new SearchRequest { Query = words, After = after, Limit = limit }, CancellationToken.None);

    private Task<ShareSearchPage> FindSharesAsync(Authority by, long? after = null, int? limit = null) =>
        rooms.Get<ShareSearch>().SearchSharesAsync(
            by, new SearchRequest { Query = "canary", After = after, Limit = limit }, CancellationToken.None);

    private static async Task<ErrorCode> RefusalAsync(Func<Task> call) =>
        (await Assert.ThrowsAsync<ShareRpcException>(call)).Code;
}
