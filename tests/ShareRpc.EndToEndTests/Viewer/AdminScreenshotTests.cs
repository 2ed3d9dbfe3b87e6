using Microsoft.Playwright;
using ShareRpc.EndToEndTests.Cluster;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>
/// Pictures of the admin page's main states, into the folder that SHARERPC_SCREENSHOTS names; without it they are only
/// taken and thrown away.
/// </summary>
[Trait("Suite", "Deep")]
public sealed class AdminScreenshotTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private const string Title = "Why the page says 1000k tokens";
    private static readonly string? Folder = Environment.GetEnvironmentVariable("SHARERPC_SCREENSHOTS");
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserTheory]
    [InlineData("light", 1280, ColorScheme.Light)]
    [InlineData("dark", 1280, ColorScheme.Dark)]
    [InlineData("phone", 390, ColorScheme.Light)]
    public async Task Each_main_state_of_the_admin_page_has_a_picture(string name, int width, ColorScheme colors)
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout, Title);
        await live.PutSampleAsync();
        await using AdminPage admin = await AdminPage.OpenAsync(browser, live.Server, width, colors);
        await TakeAsync(admin, $"{name}-sign-in");
        await admin.SignInAsync((await File.ReadAllTextAsync(live.World.TokenFile, timeout)).Trim());
        await admin.SeesAsync("Live now");
        await admin.HasRowAsync(Title);
        await TakeAsync(admin, $"{name}-shares");
        await admin.Link(Title).ClickAsync();
        await using ViewerPage reader =
            await browser.OpenAsync(live.Server, await admin.InviteAsync("for the review", "reasoning"));
        await reader.IsLiveAsync();
        await admin.InviteAsync("a guest");
        await admin.Button("Suspend a guest").ClickAsync();
        await admin.SeesAsync("a guest is suspended.");
        await TakeAsync(admin, $"{name}-holders");
        await admin.Button("Invite").ClickAsync();
        await TakeAsync(admin, $"{name}-invite");
        await admin.Page.Keyboard.PressAsync("Escape");
        await admin.Button("Revoke for the review").ClickAsync();
        await TakeAsync(admin, $"{name}-revoke");
        await admin.Page.Keyboard.PressAsync("Escape");
        await admin.Link("Links").ClickAsync();
        await admin.HasRowAsync("for the review");
        await TakeAsync(admin, $"{name}-links");
        await admin.Page.GetByRole(AriaRole.Navigation).GetByText("Audit").ClickAsync();
        await admin.HasRowAsync("create share");
        await TakeAsync(admin, $"{name}-audit");
        await admin.Link("Health").ClickAsync();
        await admin.SeesAsync("Commit time, median");
        await TakeAsync(admin, $"{name}-health");
        await Until.TrueAsync(async () => await FindAsync(admin, "tokens") > 0, timeout);
        await TakeAsync(admin, $"find-{name}");
        Assert.Empty(admin.Faults);
    }

    [BrowserFact]
    public async Task The_nodes_of_a_cluster_have_a_picture()
    {
        if (PostgresServer.Missing is not null) return;
        DirectoryInfo data = Directory.CreateTempSubdirectory("sharerpc-nodes-");
        var servers = new ClusterServers(data.FullName, seed: 1, broken: "");
        await servers.StartNodesAsync(hasStandby: false, timeout);
        string token = (await File.ReadAllTextAsync(Path.Combine(data.FullName, "root.token"), timeout)).Trim();
        foreach ((string name, int width, ColorScheme colors) in new[]
        {
            ("light", 1280, ColorScheme.Light), ("dark", 1280, ColorScheme.Dark), ("phone", 390, ColorScheme.Light),
        })
        {
            await using AdminPage admin =
                await AdminPage.OpenAsync(browser, servers.Nodes[0].Address!, width, colors);
            await admin.SignInAsync(token);
            await admin.Link("Health").ClickAsync();
            foreach (string node in (string[])["n1 (this one)", "n2", "n3"]) await admin.HasRowAsync(node);
            await admin.Page.Locator("table.list").ScrollIntoViewIfNeededAsync();
            await TakeAsync(admin, $"nodes-{name}");
            Assert.Empty(admin.Faults);
        }

        await servers.DisposeAsync();
        data.Delete(true);
    }

    private static async Task<int> FindAsync(AdminPage admin, string word)
    {
        await admin.Link("Find").ClickAsync();
        await admin.Page.GetByLabel("Words").FillAsync(word);
        await admin.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(admin.Page.Locator("p.quiet[role=status]")).ToContainTextAsync("session");
        return await admin.Page.Locator(".found li").CountAsync();
    }

    private async Task TakeAsync(AdminPage admin, string name)
    {
        Assert.Empty(await Axe.ViolationsAsync(admin.Page));
        Assert.True(await admin.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"),
            name);
        await admin.TakeAsync(Folder, $"admin-{name}", timeout);
    }
}
