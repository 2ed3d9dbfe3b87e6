using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>What helps to read a session: sums, timeline, filters, changed files, copies, links to lines.</summary>
[Collection(ReadingCollection.Name)]
public sealed class ReadingAidsTests(BrowserFixture browser)
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task The_sums_the_timeline_and_the_days_of_the_sample_are_shown_and_lead_to_turns()
    {
        await using ViewerPage viewer = await OpenAsync();
        await viewer.SeesAsync("Time worked");
        await viewer.SeesAsync("Friday, November 27, 2026");
        ILocator totals = viewer.Page.Locator(".totals");
        await Assertions.Expect(totals).ToContainTextAsync("$0.05");
        await Assertions.Expect(totals).ToContainTextAsync("2 +9");
        ILocator pieces = viewer.Page.GetByRole(
            AriaRole.Navigation, new PageGetByRoleOptions { Name = "Timeline" }).GetByRole(AriaRole.Button);
        Assert.Equal(2, await pieces.CountAsync());
        await pieces.First.FocusAsync();
        await viewer.Page.Keyboard.PressAsync("ArrowRight");
        await viewer.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(viewer.Page.Locator(".is-target")).ToContainTextAsync("Has bytes the same fault?");
        await viewer.Page.Keyboard.PressAsync("r");
        await Assertions.Expect(viewer.Page.Locator(".row-user .time").First).ToContainTextAsync("ago");
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task A_changed_file_jumps_to_its_diff_and_from_there_to_its_edits()
    {
        await using ViewerPage viewer = await OpenAsync();
        await viewer.Page.Locator(".change").First.ClickAsync();
        ILocator file = viewer.Page.Locator(".is-target .changed-file");
        await Assertions.Expect(file.Locator(".diff")).ToContainTextAsync("999_500");
        await file.GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "edit 1" }).ClickAsync();
        await Assertions.Expect(viewer.Page.Locator(".is-target .tool-name")).ToHaveTextAsync("edit");
        await viewer.Page.Keyboard.PressAsync("f");
        await Assertions.Expect(viewer.Page.Locator(".row-part")).ToHaveCountAsync(5);
        var everything = new PageGetByRoleOptions { Name = "Everything", Exact = true };
        await viewer.Page.GetByRole(AriaRole.Button, everything).ClickAsync();
        await viewer.SeesAsync("Reasoning");
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task A_link_to_a_line_opens_at_that_line_and_everything_can_be_copied()
    {
        await using ViewerPage viewer = await OpenAsync();
        await viewer.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await viewer.Page.Keyboard.PressAsync("g");
        await viewer.SettleAsync();
        await viewer.Page.Keyboard.PressAsync("e");
        await Assertions.Expect(viewer.Page.Locator(".is-target")).ToContainTextAsync("rounded up to a million");
        ILocator diff = viewer.Page.Locator(".is-target .diff");
        await diff.Locator(".diff-scroll").FocusAsync();
        for (int i = 0; i < 5; i++) await viewer.Page.Keyboard.PressAsync("ArrowDown");
        await viewer.Page.Keyboard.PressAsync("Enter");
        await viewer.SeesAsync("Link copied, with its key");
        string link = await ClipboardAsync(viewer);
        Assert.Contains("&l=", link, StringComparison.Ordinal);
        Assert.DoesNotContain("srpc_", viewer.Page.Url, StringComparison.Ordinal);
        await viewer.Page.Keyboard.PressAsync("g");
        await viewer.SettleAsync();
        foreach ((string name, string expected) in new[]
        {
            ("Copy diff", "+test('a number that is rounded up"), ("Copy command", "npx vitest run"),
            ("Copy output", "Failed Tests 1"), ("Copy message", "It should say **1M**"), ("Copy answer", "| 999,960 |"),
        })
        {
            await viewer.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name }).First.ClickAsync();
            await viewer.SeesAsync("is copied.");
            Assert.Contains(expected, await ClipboardAsync(viewer), StringComparison.Ordinal);
        }

        await using ViewerPage other = await browser.OpenAsync(new Uri(link), link);
        ILocator line = other.Page.Locator("[aria-current=true].line-link");
        await Assertions.Expect(line).ToHaveTextAsync("10");
        await Assertions.Expect(line).ToBeInViewportAsync();
        Assert.DoesNotContain("srpc_", other.Page.Url, StringComparison.Ordinal);
        Assert.Empty(other.Faults);
    }

    [BrowserFact]
    public async Task A_subagent_stands_where_it_was_started_says_where_it_is_and_folds_away()
    {
        await using ViewerPage viewer = await OpenAsync();
        await viewer.Page.Keyboard.PressAsync("g");
        ILocator crumbs = viewer.Page.GetByRole(
            AriaRole.Group, new PageGetByRoleOptions { Name = "Where this is" });
        await Assertions.Expect(crumbs.First).ToContainTextAsync("Find who shortens numbers");
        await crumbs.First.GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(viewer.Page.Locator(".is-target")).ToContainTextAsync("Subagent explore");
        await viewer.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Its session" }).ClickAsync();
        await Assertions.Expect(crumbs).ToHaveCountAsync(0);
        await viewer.Page.Keyboard.PressAsync("Shift+U");
        await Assertions.Expect(viewer.Page.Locator(".tool-body")).ToHaveCountAsync(0);
        await viewer.Page.Keyboard.PressAsync("u");
        await Assertions.Expect(crumbs.First).ToBeVisibleAsync();
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task The_root_of_the_server_asks_for_a_link_and_opens_it()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        string link = await live.PutSampleAsync();
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, new Uri(live.Server, "/").AbsoluteUri);
        await viewer.SeesAsync("Open a shared session");
        Assert.Empty(await Axe.ViolationsAsync(viewer.Page));
        await viewer.Page.GetByLabel("Link").FillAsync("https://example.org/s/x");
        await viewer.Page.Keyboard.PressAsync("Enter");
        await viewer.SeesAsync("This is no link to a session of this server.");
        await viewer.Page.GetByLabel("Link").FillAsync(link);
        await viewer.Page.Keyboard.PressAsync("Enter");
        await viewer.IsLiveAsync();
        await viewer.SeesAsync("1000k tokens");
        Assert.DoesNotContain("srpc_", viewer.Page.Url, StringComparison.Ordinal);
        Assert.Empty(viewer.Faults);
    }

    private static Task<string> ClipboardAsync(ViewerPage viewer) =>
        viewer.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()");

    private async Task<ViewerPage> OpenAsync()
    {
        LiveShare live = await browser.ShareAsync(timeout);
        ViewerPage viewer = await browser.OpenAsync(live.Server, await live.PutSampleAsync(), height: 2600);
        await viewer.IsLiveAsync();
        return viewer;
    }
}
