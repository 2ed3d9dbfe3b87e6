using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>
/// One Chromium and, for tests that ask for it, one server; each test has a browser context and a share of its own.
/// </summary>
public sealed class BrowserFixture : IAsyncLifetime, IAsyncDisposable
{
    private static readonly string[] Paths =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    private IPlaywright? playwright;
    private IBrowser? browser;
    private World? world;

    /// <summary>Null where there is none.</summary>
    public static string? ChromiumPath { get; } = Array.Find(Paths, File.Exists);

    public async Task InitializeAsync()
    {
        if (ChromiumPath is null) return;
        // On a machine that builds beside it a page may take long to come; what must be quick is measured where it is
        // promised.
        Assertions.SetDefaultExpectTimeout(60_000);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = ChromiumPath, Timeout = 180_000,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        });
    }

    /// <summary>Makes a share on the server of this fixture, which no test may stop or count the shares of.</summary>
    internal async Task<LiveShare> ShareAsync(CancellationToken timeout)
    {
        if (world is null)
        {
            world = new World();
            await world.StartServerAsync(null, timeout);
        }

        return await LiveShare.OnAsync(world, timeout);
    }

    /// <summary>Returns a script for a page: what it repeats at this interval it repeats ten times as often.</summary>
    public static string Sooner(int intervalMs) => $$"""
        const every = setInterval;
        globalThis.setInterval =
            (done, ms, ...more) => every(done, ms === {{intervalMs}} ? ms / 10 : ms, ...more);
        """;

    /// <summary>
    /// A new page in a new context; what it asks of other sites, and what goes wrong in it, is noted. A script, if any,
    /// runs before those of the page.
    /// </summary>
    public async Task<ViewerPage> OpenAsync(
        Uri server, string link, int width = 1280, int height = 860, ColorScheme colors = ColorScheme.Light,
        string? script = null)
    {
        IBrowserContext context = await browser!.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = height }, ColorScheme = colors,
            Locale = "en-GB", TimezoneId = "UTC", IgnoreHTTPSErrors = server.Scheme == "https",
        });
        if (script is not null) await context.AddInitScriptAsync(script);
        var page = new ViewerPage(server, await context.NewPageAsync());
        await page.GoAsync(link);
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
        if (world is not null) await world.DisposeAsync();
        (browser, playwright, world) = (null, null, null);
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}
