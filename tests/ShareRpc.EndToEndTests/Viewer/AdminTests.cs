using System.Text.Json.Nodes;
using Microsoft.Playwright;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>What somebody who holds the root token, or owns a share, does on the admin page.</summary>
public sealed class AdminTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

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
    public async Task Nothing_is_given_or_deleted_before_the_page_knows_who_holds_what()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync(await RootTokenAsync(live));
        await admin.SeesAsync("1 share");
        await live.World.ServerProcess!.PauseAsync(timeout);
        await admin.OpenOnlyShareAsync();
        await admin.SeesAsync("Who holds access");
        await Assertions.Expect(admin.Button("Invite")).ToBeDisabledAsync();
        await Assertions.Expect(admin.Button("Delete")).ToBeDisabledAsync();

        await live.World.ServerProcess!.ResumeAsync(timeout);

        string link = await admin.InviteAsync("a guest");
        Assert.Contains("srpc_", link, StringComparison.Ordinal);
        await admin.Button("Delete").ClickAsync();
        await Assertions.Expect(admin.Dialog).ToContainTextAsync("This cuts off: 3 accesses");
        Assert.Empty(admin.Faults);
    }

    [BrowserFact]
    public async Task The_audit_trail_the_health_and_a_deletion_are_on_the_page()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        await using (AdminClient root = await live.RootAsync())
        {
            for (int i = 0; i < 201; i++) await root.DeleteShareAsync(await CreateAsync(root, $"share {i}"));
        }

        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync(await RootTokenAsync(live));
        await admin.Link("Audit").ClickAsync();
        await admin.HasRowAsync("create share");
        // The first page of the list does not reach back to it.
        await admin.Page.GetByLabel("Action").SelectOptionAsync("create_root");
        await Assertions.Expect(admin.Page.Locator("tbody tr")).ToHaveCountAsync(1);
        await admin.Page.GetByLabel("Name or id").FillAsync("nobody has this name");
        await admin.Page.GetByLabel("Name or id").PressAsync("Enter");
        await admin.SeesAsync("Nothing here has the name or id");

        await admin.Link("Health").ClickAsync();
        await admin.SeesAsync("Commit time, median");
        ILocator age = admin.Page.Locator(".figures .card").Filter(
            new LocatorFilterOptions { HasText = "Running for" }).Locator("dd");
        string first = await age.InnerTextAsync();
        // It is polled.
        await Assertions.Expect(age).Not.ToHaveTextAsync(first,
            new LocatorAssertionsToHaveTextOptions { Timeout = 60_000 });

        await admin.Link("Shares").ClickAsync();
        await admin.Page.GetByLabel("State").SelectOptionAsync("active");
        await admin.OpenOnlyShareAsync();
        await admin.Button("Delete").ClickAsync();
        await admin.Dialog.GetByLabel("Yes, erase it").CheckAsync();
        await admin.InDialog("Delete").ClickAsync();
        await admin.SeesAsync("is deleted.");
        await admin.Link("Shares").ClickAsync();
        await admin.SeesAsync("No share has this name or id, and this state.");
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
        await using (AdminClient server = await live.RootAsync())
        {
            await server.AttenuateAsync(new AttenuateRequest
            {
                CapId = token.CapId, TokenDigest = token.Digest, Rights = RightsNames.Creator.ToNames(),
                Label = "laptop",
            });
        }

        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync(token.Reveal());
        await admin.SeesAsync("0 shares");
        await admin.SeesAsync("Nothing is shared here yet");
        Assert.Equal(0, await admin.Link("Health").CountAsync());
        Assert.Equal(1, await admin.Link("Audit").CountAsync());
        await using (AdminClient creator = await AdminClient.OpenRootAsync(live.Server, token, timeout))
        {
            await CreateAsync(creator, "my own");
        }

        await admin.Button("Refresh").ClickAsync();
        await admin.SeesAsync("1 share");
        await admin.Link("my own").ClickAsync();
        string link = await admin.InviteAsync("a colleague");
        await using ViewerPage reader = await browser.OpenAsync(live.Server, link);
        await reader.IsLiveAsync();
        Assert.Empty(admin.Faults);
    }

    [BrowserFact]
    public async Task Shares_are_found_by_name_and_state_and_listed_with_size_last_activity_and_live_readers()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        await using (AdminClient root = await live.RootAsync())
        {
            await CreateAsync(root, "the quick fox");
            await root.DeleteShareAsync(await CreateAsync(root, "the lazy dog"));
        }

        await using ViewerPage reader = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        await reader.IsLiveAsync();
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync(await RootTokenAsync(live));
        await admin.SeesAsync("3 shares");
        ILocator rows = admin.Page.Locator("tbody tr");
        ILocator written = rows.Filter(new LocatorFilterOptions { HasText = "9 ops" });
        // The reader, and who writes.
        await Assertions.Expect(written.Locator("[data-name='Live now']")).ToHaveTextAsync("2");
        await Assertions.Expect(written.Locator("[data-name='Last activity'] time")).ToHaveAttributeAsync("datetime",
            Iso());

        await admin.Page.GetByLabel("Search").FillAsync("FOX");
        await Assertions.Expect(rows).ToHaveCountAsync(1);
        await Assertions.Expect(rows).ToContainTextAsync("the quick fox");
        await admin.Page.GetByLabel("Search").FillAsync("");
        await admin.Page.GetByLabel("State").SelectOptionAsync("deleted");
        await Assertions.Expect(rows).ToHaveCountAsync(1);
        await Assertions.Expect(rows).ToContainTextAsync("deleted");
        await admin.Page.GetByLabel("State").SelectOptionAsync("ended");
        await admin.SeesAsync("No share has this name or id, and this state.");
        Assert.Empty(admin.Faults);
    }

    [BrowserFact]
    public async Task The_trail_of_a_share_is_filtered_by_action_and_by_what_it_names_and_says_who_by_name()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync(await RootTokenAsync(live));
        await admin.OpenOnlyShareAsync();
        await admin.InviteAsync("one guest");
        await admin.InviteAsync("another guest");
        string guest = await admin.Holder("one guest").Locator("code").InnerTextAsync();
        await admin.Page.GetByRole(AriaRole.Main).GetByText("Audit").ClickAsync();
        await admin.HasRowAsync("one guest");
        await admin.HasRowAsync("another guest");
        await admin.HasRowAsync("you");

        await admin.Page.GetByLabel("Action").SelectOptionAsync("attenuate");
        ILocator rows = admin.Page.Locator("tbody tr");
        await Assertions.Expect(rows.Filter(new LocatorFilterOptions { HasText = "create share" })).ToHaveCountAsync(0);
        ILocator name = admin.Page.GetByLabel("Name or id");
        await name.FillAsync(guest);
        await name.PressAsync("Enter");
        await Assertions.Expect(rows).ToHaveCountAsync(1);
        await Assertions.Expect(rows).ToContainTextAsync("one guest");
        await name.FillAsync("another");
        await name.PressAsync("Enter");
        await Assertions.Expect(rows).ToHaveCountAsync(1);
        await Assertions.Expect(rows).ToContainTextAsync("another guest");
        Assert.Empty(admin.Faults);
    }

    [BrowserFact]
    public async Task Looking_after_a_share_takes_one_use_of_its_link_however_often_it_is_looked_at()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(1)]);
        (string link, string capId) =
            await live.InviteAsync(new JsonObject { ["max_uses"] = 1 }, null, "read", "attenuate", "revoke");
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync(link);
        await admin.SeesAsync("5 ops");
        await live.PutAsync(Docs.Session("Another title"));

        await admin.Button("Refresh").ClickAsync();

        await admin.SeesAsync("6 ops");
        await admin.SeesAsync("you");
        Assert.Single(await live.GrantsAsync(capId)); // a use leaves one
        Assert.Empty(admin.Faults);
    }

    [BrowserFact]
    public async Task The_keyboard_alone_invites_and_revokes_and_Enter_alone_revokes_nothing()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync(await RootTokenAsync(live));
        await admin.SeesAsync("1 share");
        await admin.TabToAsync(admin.Page.Locator("table.list tbody a"));
        await admin.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(admin.Button("Invite")).ToBeEnabledAsync();
        await admin.TabToAsync(admin.Button("Invite"));
        await admin.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(admin.Dialog.GetByLabel("Name")).ToBeFocusedAsync();
        await admin.Page.Keyboard.TypeAsync("by keys");
        await admin.Page.Keyboard.PressAsync("Enter");
        await admin.SeesAsync("It is shown this once");
        await admin.Page.Keyboard.PressAsync("Escape");

        await admin.TabToAsync(admin.Button("Revoke by keys"));
        await admin.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(admin.InDialog("Cancel")).ToBeFocusedAsync();
        await admin.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(admin.Holder("by keys")).ToContainTextAsync("active");
        await admin.TabToAsync(admin.Button("Revoke by keys"));
        await admin.Page.Keyboard.PressAsync("Enter");
        await admin.TabToAsync(admin.InDialog("Revoke"));
        await admin.Page.Keyboard.PressAsync("Enter");
        await admin.SeesAsync("by keys is revoked.");
        Assert.Empty(admin.Faults);
    }

    [BrowserTheory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    public async Task No_page_has_a_serious_accessibility_violation_or_is_wider_than_the_screen(int width,
        ColorScheme colors)
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
        Assert.Empty(await Axe.ViolationsAsync(admin.Page));
        int over = await admin.Page.EvaluateAsync<int>(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.True(over <= 0, $"{over} pixels wider than the screen");
    }

    private static System.Text.RegularExpressions.Regex Iso() => new("^20..-..-..T");

    private static async Task<string> CreateAsync(AdminClient creator, string label)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        string share = RandomId.New();
        await creator.CreateShareAsync(
            new CreateShareRequest { ShareId = share, CapId = token.CapId, TokenDigest = token.Digest, Label = label });
        return share;
    }

    private async Task<string> RootTokenAsync(LiveShare live) =>
        (await File.ReadAllTextAsync(live.World.TokenFile, timeout)).Trim();
}
