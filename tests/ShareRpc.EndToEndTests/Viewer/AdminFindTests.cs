using System.Diagnostics;
using System.Text.Json;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using Xunit.Abstractions;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>Sessions and shares are found among many: by their words, by filters, by pages.</summary>
[Collection(ViewerCollection.Name)]
public sealed class AdminFindTests(BrowserFixture browser, ITestOutputHelper output)
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task Sessions_are_found_by_their_words_on_the_admin_page_and_in_a_terminal_and_a_link_gets_a_title()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout, "Fix the sweeper");
        await live.PutAsync([.. Docs.Conversation(1), ("part", "p9", new System.Text.Json.Nodes.JsonObject
        {
            ["type"] = "text", ["messageID"] = "msg_000000b", ["text"] = "The zebracorn lease ends",
        })]);
        await Until.TrueAsync(() => IsFoundAsync(live, "zebracorn"), timeout);
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync((await File.ReadAllTextAsync(live.World.TokenFile, timeout)).Trim());
        await admin.Link("Find").ClickAsync();
        Assert.Empty(await Axe.ViolationsAsync(admin.Page));
        await admin.Page.GetByLabel("Words").FillAsync("ZEBRACORN lease");
        await admin.Page.Keyboard.PressAsync("Enter");
        await admin.SeesAsync("1 session");
        await admin.SeesAsync("The zebracorn lease ends");
        Assert.Empty(await Axe.ViolationsAsync(admin.Page));
        await admin.Link("Fix the sweeper").ClickAsync();
        await admin.SeesAsync("Invite");

        Tool find = await live.World.RunClientAsync("find", ["zebracorn", "--json"], timeout);
        Assert.True(find.ExitCode == 0, find.Errors);
        JsonElement hit = JsonDocument.Parse(Assert.Single(find.Lines)).RootElement;
        Assert.Contains("zebracorn lease", hit.GetProperty("snippet").GetString(), StringComparison.Ordinal);
        Assert.EndsWith("#m-msg_000000b", hit.GetProperty("address").GetString(), StringComparison.Ordinal);
        Tool none = await live.World.RunClientAsync("find", ["nowhere"], timeout);
        Assert.Contains(none.Lines, line => line.Contains("No session has these words", StringComparison.Ordinal));

        (string link, _) = await live.InviteAsync(rights: ["read", "attenuate"]);
        Tool preview = Tool.Start(null, "preview", link, "--title", "A <title>", "--json");
        await preview.WaitForExitAsync(timeout);
        Assert.True(preview.ExitCode == 0, preview.Errors);
        string sent = JsonDocument.Parse(preview.Lines[^1]).RootElement.GetProperty("link").GetString()!;
        using var http = new HttpClient();
        Assert.Contains("<title>A &lt;title&gt;</title>", await http.GetStringAsync(new Uri(sent), timeout));
        await using ViewerPage reader = await browser.OpenAsync(live.Server, sent);
        await reader.IsLiveAsync();
        Assert.Empty(admin.Faults);
    }

    [BrowserFact]
    public async Task Among_many_shares_one_filters_sorts_and_turns_pages()
    {
        int count = DeepSize.Or(250);
        await using LiveShare live = await LiveShare.StartAsync(timeout, "The oldest");
        await using (AdminClient root = await live.RootAsync())
        {
            foreach (int[] some in Enumerable.Range(1, count - 1).Chunk(32))
                await Task.WhenAll(some.Select(number => CreateAsync(root, $"Share number {number:D5}")));
        }

        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        long start = Stopwatch.GetTimestamp();
        await admin.SignInAsync((await File.ReadAllTextAsync(live.World.TokenFile, timeout)).Trim());
        await admin.SeesAsync($"{count:N0} shares");
        output.WriteLine($"{count} shares listed after {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");
        await admin.SeesAsync($"Page 1 of {(count + 99) / 100}");
        Assert.Equal(100, await admin.Page.Locator("tbody tr").CountAsync());

        start = Stopwatch.GetTimestamp();
        await admin.Page.GetByLabel("Order").SelectOptionAsync("Name");
        await admin.HasRowAsync("Share number 00001");
        await admin.Button("Next").ClickAsync();
        await admin.SeesAsync("Page 2 of");
        await admin.Page.GetByLabel("Search").FillAsync("the oldest");
        await admin.SeesAsync("1 share");
        await admin.HasRowAsync("The oldest");
        output.WriteLine($"sorted, turned, filtered in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");
        Assert.Empty(await Axe.ViolationsAsync(admin.Page));
        Assert.Empty(admin.Faults);
    }

    private static async Task<bool> IsFoundAsync(LiveShare live, string word)
    {
        await using AdminClient root = await live.RootAsync();
        return (await root.SearchSharesAsync(new SearchRequest { Query = word })).Shares.Count > 0;
    }

    private static Task CreateAsync(AdminClient root, string label)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        return root.CreateShareAsync(new CreateShareRequest
        {
            ShareId = RandomId.New(), CapId = token.CapId, TokenDigest = token.Digest, Label = label,
        });
    }
}
