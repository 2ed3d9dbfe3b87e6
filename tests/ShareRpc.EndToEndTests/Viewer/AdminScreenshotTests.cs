using Microsoft.Playwright;

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
        Assert.Empty(admin.Faults);
    }

    private Task TakeAsync(AdminPage admin, string name) => admin.TakeAsync(Folder, $"admin-{name}", timeout);
}
