using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>One Chromium for the tests of a class; each test has a context of its own, with its own storage.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private static readonly string[] Paths = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    private IPlaywright? playwright;
    private IBrowser? browser;

    /// <summary>Null where there is none.</summary>
    public static string? ChromiumPath { get; } = Array.Find(Paths, File.Exists);

    public async Task InitializeAsync()
    {
        if (ChromiumPath is null) return;
        // On a machine that builds beside it a page may take long to come; what must be quick is measured where it is promised.
        Assertions.SetDefaultExpectTimeout(60_000);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = ChromiumPath,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
                "--disable-sync",
            ],
        });
    }

    /// <summary>A new page in a new context; what it asks of other sites, and what goes wrong in it, is noted.</summary>
    public async Task<ViewerPage> OpenAsync(
        Uri server, string link, int width = 1280, int height = 860, ColorScheme colors = ColorScheme.Light)
    {
        IBrowserContext context = await browser!.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = height }, ColorScheme = colors, Locale = "en-GB", TimezoneId = "UTC",
        });
        var page = new ViewerPage(server, await context.NewPageAsync());
        await page.GoAsync(link);
        return page;
    }

    public async Task DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
    }
}
