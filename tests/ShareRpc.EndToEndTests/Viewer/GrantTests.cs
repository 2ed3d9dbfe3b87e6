using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>How a reader comes back to a link that is counted or has a passphrase, until the grant ends.</summary>
[Collection(ViewerCollection.Name)]
public sealed class GrantTests(BrowserFixture browser)
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task A_link_that_may_be_opened_once_opens_again_in_the_same_browser_and_says_so_when_that_has_ended()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        (string link, string capId) = await live.InviteAsync(new JsonObject { ["max_uses"] = 1 });
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, link);
        await viewer.SeesAsync("Answer 1");
        await viewer.Page.ReloadAsync();
        await viewer.SeesAsync("Answer 1");
        IPage tab = await viewer.Page.Context.NewPageAsync();
        await tab.GotoAsync(link);
        await Assertions.Expect(tab.Locator("body")).ToContainTextAsync("Answer 1");
        await using (ViewerPage other = await browser.OpenAsync(live.Server, link)) await other.SeesAsync(
            "has been used up");

        await live.RevokeAsync(Assert.Single(await live.GrantsAsync(capId)));

        await viewer.SeesAsync("Your access has ended");
        Assert.DoesNotContain("Answer", await viewer.Page.ContentAsync(), StringComparison.Ordinal);
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task A_passphrase_is_asked_for_once_and_again_when_the_access_was_taken_back()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        (string link, string capId) = await live.InviteAsync(passphrase: "open sesame");
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, link);
        ILocator field = viewer.Page.GetByLabel("Passphrase");
        await field.FillAsync("open sesame");
        await field.PressAsync("Enter");
        await viewer.SeesAsync("Answer 1");
        await viewer.Page.ReloadAsync();
        await viewer.SeesAsync("Answer 1");

        await live.RevokeAsync(Assert.Single(await live.GrantsAsync(capId)));

        await viewer.SeesAsync("Your access was taken back or its time is over");
        Assert.DoesNotContain("Answer", await viewer.Page.ContentAsync(), StringComparison.Ordinal);
        await field.FillAsync("open sesame");
        await field.PressAsync("Enter");
        await viewer.SeesAsync("Answer 1");
        Assert.Empty(viewer.Faults);
    }
}
