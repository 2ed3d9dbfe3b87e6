using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>A session as one file, made by the tool and opened without a server.</summary>
[Collection(ViewerCollection.Name)]
public sealed class ExportTests(BrowserFixture browser)
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task A_file_opens_offline_with_search_and_diffs_and_holds_no_link()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        string link = await live.PutSampleAsync();
        string path = live.World.PathOf("exported.html");
        await ExportAsync(link, path);
        string html = await File.ReadAllTextAsync(path, timeout);
        Assert.DoesNotContain("srpc_1", html, StringComparison.Ordinal);
        Assert.DoesNotContain(
            link[(link.IndexOf('#', StringComparison.Ordinal) + 1)..], html, StringComparison.Ordinal);
        Assert.DoesNotContain(live.Server.Authority, html, StringComparison.Ordinal);

        await using ViewerPage viewer = await browser.OpenAsync(live.Server, new Uri(path).AbsoluteUri);
        await viewer.Page.Context.SetOfflineAsync(true);
        await Assertions.Expect(viewer.Status).ToHaveTextAsync("Saved");
        await viewer.SeesAsync("The page of a long session says");
        await viewer.Page.Keyboard.PressAsync("c");
        await Assertions.Expect(viewer.Page.Locator(".changed-file .diff").First).ToContainTextAsync("999_500");
        await viewer.Page.Keyboard.PressAsync("/");
        await viewer.Page.GetByLabel("Search in the session").FillAsync("same fault");
        await Assertions.Expect(viewer.Page.Locator(".search-count")).ToContainTextAsync("1 of");
        await Assertions.Expect(viewer.Page.GetByRole(
            AriaRole.Button, new PageGetByRoleOptions { Name = "Copy link", Exact = true })).ToHaveCountAsync(0);
        Assert.Empty(await Axe.ViolationsAsync(viewer.Page));
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task Hostile_content_runs_in_no_file_and_what_a_link_hides_is_in_none()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. HostileContentTests.Session(), .. RichSession.Documents()]);
        string redacted = (await live.InviteAsync(
            new JsonObject { ["redact"] = new JsonArray("tools", "reasoning") })).Link;
        string path = live.World.PathOf("redacted.html");
        await ExportAsync(redacted, path);
        Assert.DoesNotContain(
            "The hidden depth of it", await File.ReadAllTextAsync(path, timeout), StringComparison.Ordinal);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, new Uri(path).AbsoluteUri);
        await Assertions.Expect(viewer.Status).ToHaveTextAsync("Saved");
        await viewer.SettleAsync();
        Assert.Empty(viewer.Faults);
    }

    private async Task ExportAsync(string link, string path)
    {
        await using Tool tool = Tool.Start(null, ["export", link, "--html", "--out", path]);
        await tool.WaitForExitAsync(timeout);
        Assert.True(tool.ExitCode == 0, tool.Errors);
    }
}
