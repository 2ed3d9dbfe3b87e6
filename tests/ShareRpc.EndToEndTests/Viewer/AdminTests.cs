using System.Text.Json.Nodes;
using Microsoft.Playwright;
using ShareRpc.Client;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>What somebody who holds the root token, or owns a share, does on the admin page.</summary>
public sealed class AdminTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(4)).Token;

    [BrowserFact]
    public async Task Root_invites_a_reader_and_revoking_ends_the_readers_open_page()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(3)]);
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync(await RootTokenAsync(live));
        await admin.OpenOnlyShareAsync();
        await admin.SeesAsync("Who holds access");
        string link = await admin.InviteAsync("for the review");
        await Assertions.Expect(admin.Holder("for the review")).ToContainTextAsync("May read");
        Assert.DoesNotContain("srpc_", await admin.Page.ContentAsync(), StringComparison.Ordinal);

        await using ViewerPage reader = await browser.OpenAsync(live.Server, link);
        await reader.IsLiveAsync();
        await admin.Button("Refresh").ClickAsync();
        await Assertions.Expect(admin.Holder("for the review")).ToContainTextAsync("1 live now");
        await admin.Button("Revoke for the review").ClickAsync();
        await Assertions.Expect(admin.Dialog).ToContainTextAsync("This cuts off: 1 access, 1 connected now.");
        await admin.InDialog("Revoke").ClickAsync();

        await reader.SeesAsync("This link has been revoked");
        await admin.SeesAsync("for the review is revoked. Cut off: 1 access, 1 connected now.");
        await Assertions.Expect(admin.Holder("for the review")).ToContainTextAsync("revoked");
        Assert.Empty(admin.Faults);
        Assert.Empty(reader.Faults);
    }

    [BrowserFact]
    public async Task A_reader_is_suspended_resumed_and_given_a_new_link()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync(await RootTokenAsync(live));
        await admin.OpenOnlyShareAsync();
        string link = await admin.InviteAsync("guest");

        await admin.Button("Suspend guest").ClickAsync();
        await admin.SeesAsync("guest is suspended.");
        await using ViewerPage reader = await browser.OpenAsync(live.Server, link);
        await reader.SeesAsync("This link is suspended");
        await admin.Button("Resume guest").ClickAsync();
        await admin.SeesAsync("guest is resumed.");
        await reader.IsLiveAsync();

        await admin.Button("New link guest").ClickAsync();
        await admin.InDialog("Make a new link").ClickAsync();
        await admin.SeesAsync("It is shown this once");
        string another = await admin.Dialog.GetByLabel("Link").InputValueAsync();
        await admin.InDialog("Done").ClickAsync();
        await reader.SeesAsync("This link has been revoked");
        await using ViewerPage readerAgain = await browser.OpenAsync(live.Server, another);
        await readerAgain.IsLiveAsync();
        Assert.Empty(admin.Faults);
    }

    [BrowserFact]
    public async Task The_audit_trail_the_health_and_a_deletion_are_on_the_page()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync(await RootTokenAsync(live));
        await admin.Link("Audit").ClickAsync();
        await admin.HasRowAsync("create share");
        await admin.Page.GetByLabel("Action").SelectOptionAsync("create_root");
        await Assertions.Expect(admin.Page.Locator("tbody tr")).ToHaveCountAsync(1);

        await admin.Link("Health").ClickAsync();
        await admin.SeesAsync("Commit time, median");
        ILocator age = admin.Page.Locator(".figures .card").Filter(new LocatorFilterOptions { HasText = "Running for" }).Locator("dd");
        string first = await age.InnerTextAsync();
        // It is polled.
        await Assertions.Expect(age).Not.ToHaveTextAsync(first, new LocatorAssertionsToHaveTextOptions { Timeout = 20_000 });

        await admin.Link("Shares").ClickAsync();
        await admin.OpenOnlyShareAsync();
        await admin.Button("Delete").ClickAsync();
        await admin.Dialog.GetByLabel("Yes, erase it").CheckAsync();
        await admin.InDialog("Delete").ClickAsync();
        await admin.SeesAsync("is deleted.");
        await admin.Link("Shares").ClickAsync();
        await Assertions.Expect(admin.Page.Locator("tbody tr")).ToContainTextAsync("deleted");
        Assert.Empty(admin.Faults);
    }

    [BrowserFact]
    public async Task A_wrong_token_and_one_that_is_none_are_told_apart_in_plain_words()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync("not a token");
        await admin.SeesAsync("This is neither a token nor a link.");
        await admin.Page.GetByLabel("Token or link").FillAsync(
            ShareRpc.Protocol.Tokens.ShareToken.New(ShareRpc.Protocol.Ids.RandomId.New()).Reveal());
        await admin.Page.Keyboard.PressAsync("Enter");
        await admin.SeesAsync("The server does not know this token.");
        Assert.Empty(admin.Faults);
    }

    [BrowserFact]
    public async Task A_reader_with_no_right_to_manage_sees_no_holders_and_a_link_signs_in()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(1)]);
        (string link, _) = await live.InviteAsync(new JsonObject());
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync(link);
        await admin.SeesAsync("does not include the right to see who holds access");
        Assert.Equal(0, await admin.Link("Health").CountAsync());
        Assert.Equal(0, await admin.Link("Shares").CountAsync());
        Assert.DoesNotContain("srpc_", admin.Page.Url, StringComparison.Ordinal);
        await admin.Button("Sign out").ClickAsync();
        await Assertions.Expect(admin.Page.GetByLabel("Token or link")).ToHaveValueAsync("");
        Assert.Empty(admin.Faults);
    }

    [BrowserFact]
    public async Task Somebody_who_manages_one_share_sees_and_does_what_its_link_may()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        (string link, _) = await live.InviteAsync(null, null, "read", "attenuate", "revoke");
        await live.InviteAsync(); // of another branch: none of this link's business
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync(link);
        await admin.SeesAsync("Who holds access");
        Assert.Equal(0, await admin.Link("Health").CountAsync());
        Assert.Equal(0, await admin.Link("Shares").CountAsync());
        await admin.InviteAsync("a guest");
        await admin.Button("Revoke a guest").ClickAsync();
        await admin.InDialog("Revoke").ClickAsync();
        await admin.SeesAsync("a guest is revoked.");
        Assert.Equal(2, await admin.Page.GetByRole(AriaRole.Article).CountAsync());
        Assert.Empty(admin.Faults);
    }

    [BrowserFact]
    public async Task A_creator_sees_its_own_shares_and_nothing_of_the_server()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        ShareToken token = ShareToken.New(RandomId.New());
        Assert.True(ShareToken.TryParse(await RootTokenAsync(live), out ShareToken? root));
        await using (AdminClient server = await AdminClient.OpenRootAsync(live.Server, root, timeout))
        {
            await server.AttenuateAsync(new AttenuateRequest
            {
                CapId = token.CapId, TokenDigest = token.Digest, Rights = RightsNames.Creator.ToNames(), Label = "laptop",
            });
        }

        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync(token.Reveal());
        await admin.SeesAsync("0 shares");
        Assert.Equal(0, await admin.Link("Health").CountAsync());
        Assert.Equal(1, await admin.Link("Audit").CountAsync());
        Assert.Empty(admin.Faults);
    }

    [BrowserTheory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    public async Task No_page_has_a_serious_accessibility_violation_or_is_wider_than_the_screen(int width, ColorScheme colors)
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(1)]);
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server, width, colors);
        await IsFineAsync(admin);
        await admin.SignInAsync(await RootTokenAsync(live));
        await admin.SeesAsync("1 share");
        await IsFineAsync(admin);
        await admin.OpenOnlyShareAsync();
        await admin.InviteAsync("a guest", "reasoning");
        await IsFineAsync(admin);
        await admin.Button("Invite").ClickAsync();
        await IsFineAsync(admin);
        await admin.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(admin.Dialog).ToHaveCountAsync(0);
        await admin.Page.GetByRole(AriaRole.Navigation).GetByText("Audit").ClickAsync();
        await admin.HasRowAsync("create share");
        await IsFineAsync(admin);
        await admin.Link("Health").ClickAsync();
        await admin.SeesAsync("Commit time, median");
        await IsFineAsync(admin);
        Assert.Empty(admin.Faults);
    }

    private static async Task IsFineAsync(AdminPage admin)
    {
        Assert.Empty(await Axe.SeriousViolationsAsync(admin.Page));
        int over = await admin.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.True(over <= 0, $"{over} pixels wider than the screen");
    }

    private async Task<string> RootTokenAsync(LiveShare live) => (await File.ReadAllTextAsync(live.World.TokenFile, timeout)).Trim();
}
