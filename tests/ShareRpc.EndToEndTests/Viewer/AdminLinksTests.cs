using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>The links of all shares on the admin page: one tap revokes, and can be undone.</summary>
[Collection(ViewerCollection.Name)]
public sealed class AdminLinksTests(BrowserFixture browser)
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task A_link_is_suspended_by_one_tap_resumed_by_undo_and_revoked_in_the_end()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout, "Fix");
        await live.PutAsync([.. Docs.Conversation(1)]);
        (string link, _) = await live.InviteAsync();
        await using ViewerPage reader = await browser.OpenAsync(live.Server, link);
        await reader.IsLiveAsync();
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server);
        await admin.SignInAsync((await File.ReadAllTextAsync(live.World.TokenFile, timeout)).Trim());
        await admin.Link("Links").ClickAsync();
        ILocator row = admin.Page.Locator("tbody tr").Filter(new LocatorFilterOptions { HasText = "1 live now" });
        await Assertions.Expect(row).ToContainTextAsync("Fix");
        Assert.Empty(await Axe.ViolationsAsync(admin.Page));

        await row.GetByRole(AriaRole.Button).ClickAsync();
        await admin.SeesAsync("Revoked for good in");
        await Assertions.Expect(reader.Status).ToHaveTextAsync("Suspended");
        await admin.Button("Undo").ClickAsync();
        await admin.SeesAsync("Undone");
        await reader.IsLiveAsync();

        await admin.Page.Clock.InstallAsync(); // it goes on, until it is told that the time for an undo has passed
        await admin.Page.GetByLabel("Select all").CheckAsync();
        await admin.Page.Locator(".bulk button").ClickAsync();
        await Assertions.Expect(reader.Status).ToHaveTextAsync("Suspended");
        await admin.Page.Clock.FastForwardAsync(10_000);
        await reader.SeesAsync("This link has been revoked");
        await admin.SeesAsync("revoked for good.");

        await admin.Page.GetByRole(AriaRole.Navigation).GetByText("Audit").ClickAsync();
        await admin.HasRowAsync("revoke");
        IDownload download = await admin.Page.RunAndWaitForDownloadAsync(() => admin.Button("Download").ClickAsync());
        string[] lines = await File.ReadAllLinesAsync(await download.PathAsync(), timeout);
        Assert.Contains(lines, line => line.Contains("\"action\":\"revoke\"", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("srpc_", StringComparison.Ordinal));
        Assert.Empty(admin.Faults);
    }
}
