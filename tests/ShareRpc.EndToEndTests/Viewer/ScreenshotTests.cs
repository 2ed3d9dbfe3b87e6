using System.Text.Json.Nodes;
using Microsoft.Playwright;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>
/// Pictures of the page's main states, into the folder that SHARERPC_SCREENSHOTS names; without it they are only taken
/// and thrown away. Those of docs/pictures.md are WebP files.
/// </summary>
[Trait("Suite", "Deep")]
public sealed class ScreenshotTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("SHARERPC_SCREENSHOTS");
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task A_session_has_a_picture_light_dark_on_a_phone_and_while_it_is_searched()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        string link = await live.PutSampleAsync();
        await TakeAsync(live, link, "session", null, keys: ["g", "e", "e", "e"], width: 1120, height: 720);
        await TakeAsync(live, link, "session-dark", null, keys: ["g", "e", "e", "e"], width: 1120, height: 720,
            colors: ColorScheme.Dark);
        foreach ((string name, ColorScheme colors, int width, int height) in new[]
        {
            ("light", ColorScheme.Light, 1120, 720), ("dark", ColorScheme.Dark, 1120, 720),
            ("phone", ColorScheme.Light, 390, 780),
        })
        {
            await TakeAsync(live, link, $"start-{name}", null, ["g"], width, height, colors);
            await TakeAsync(live, link, $"files-{name}", null, ["c"], width, height, colors);
            await TakeAsync(live, link, $"edits-{name}", null, ["f", "g"], width, height, colors);
        }

        await TakeAsync(live, link, "end", null);
        await TakeAsync(live, link, "side-by-side", null, keys: ["g", "d", "e", "e", "e"]);
        await TakeAsync(live, link, "help", null, keys: ["?"]);
        await TakeAsync(live, link, "search", null, keys: ["g", "/", "o", "n", "e"]);
        await TakeAsync(live, link, "phone", null, keys: ["g", "e", "e", "e"], width: 390, height: 780);
        await TakeAsync(live, link, "phone-outline", null, keys: ["g", "o"], width: 390, height: 780);
        await TakeAsync(live, link, "phone-search", null, keys: ["g", "/", "o", "n", "e"], width: 390, height: 780);
    }

    [BrowserFact]
    public async Task Each_other_state_of_a_session_has_a_picture()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutAsync([.. RichSession.Documents()]);
        (string link, string capId) = await live.InviteAsync();
        string redacted =
            (await live.InviteAsync(new JsonObject { ["redact"] = new JsonArray("tools", "reasoning") })).Link;
        await TakeAsync(live, link, "rich", null, keys: ["g"], height: 2400);
        await TakeAsync(live, redacted, "redacted", null, keys: ["g"], height: 1100);
        await live.SuspendAsync(capId);
        await TakeAsync(live, link, "suspended", "suspended");
        await live.ResumeAsync(capId);
        await using (ViewerPage offline = await browser.OpenAsync(live.Server, link))
        {
            await offline.IsLiveAsync();
            await live.RestartServerAsync(async () =>
            {
                await Assertions.Expect(offline.Status).ToContainTextAsync(
                    "Offline", new LocatorAssertionsToContainTextOptions { Timeout = 60_000 });
                await SaveAsync(offline, "offline");
            });
        }

        await live.EndAsync();
        await TakeAsync(live, link, "ended", "Ended", keys: ["G"]);
        await live.RevokeAsync(capId);
        await TakeAsync(live, link, "revoked", "revoked");
    }

    [BrowserFact]
    public async Task A_hostile_session_and_each_plain_page_have_a_picture()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutAsync([.. HostileContentTests.Session()]);
        string link = (await live.InviteAsync()).Link;
        string expired = (await live.InviteAsync(new JsonObject { ["expires_at_ms"] = 1 })).Link;
        string locked = (await live.InviteAsync(passphrase: "x")).Link;
        string bare = link[..link.IndexOf('#', StringComparison.Ordinal)];
        await TakeAsync(live, link, "hostile", null, keys: ["g"], height: 3000);
        await TakeAsync(live, expired, "expired", "expired");
        await TakeAsync(live, locked, "passphrase", "Passphrase");
        await TakeAsync(live, locked, "passphrase-phone", "Passphrase", width: 390, height: 780,
            colors: ColorScheme.Dark);
        await TakeAsync(live, bare, "no-token", "key of this link");
        await TakeAsync(live, link[..^1] + (link[^1] == '0' ? '1' : '0'), "mistyped", "Not a valid link");
        await TakeAsync(live, $"{bare}#{ShareToken.New(RandomId.New()).Reveal()}", "not-there-yet", "Not there yet");
        await live.DeleteAsync();
        await TakeAsync(live, link, "deleted", "deleted");
    }

    [BrowserFact]
    public async Task What_readers_say_and_who_is_here_have_a_picture()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutSampleAsync();
        string[] rights = ["read", "comment", "presence"];
        string link = (await live.InviteNamedAsync("Ana", rights)).Link;
        string other = (await live.InviteNamedAsync("Ben", rights)).Link;
        await using ViewerPage ana = await browser.OpenAsync(live.Server, link, 1120, 720);
        await using ViewerPage ben = await browser.OpenAsync(live.Server, other, 1120, 720);
        foreach (ViewerPage page in new[] { ana, ben })
        {
            await page.IsLiveAsync();
            await page.Conversation.FocusAsync();
            await page.Page.Keyboard.PressAsync("g");
        }

        await CommentsTests.Button(ana, ".row-user", "Comment on this message").ClickAsync();
        await CommentsTests.SayAsync(ana, "Is this the same as in the terminal?");
        await CommentsTests.Button(ben, ".row-user", "Answer Ana").ClickAsync();
        await CommentsTests.SayAsync(ben, "Yes: both use the same function.");
        await ana.Page.Keyboard.PressAsync("e");
        ILocator line = ana.Page.Locator(".row.is-target .line-link").Last;
        await line.ClickAsync();
        await CommentsTests.Button(ana, ".row:has(.talk-line)", "Comment on line").ClickAsync();
        await CommentsTests.SayAsync(ana, "Does this hold for 0, too?");
        await ana.SeesAsync("2 open threads");
        await Assertions.Expect(ana.Page.Locator(".here li")).ToHaveCountAsync(3);
        await Assertions.Expect(ana.Page.Locator(".said")).ToHaveTextAsync("");
        foreach ((string name, ColorScheme colors, int width, int height) in new[]
        {
            ("light", ColorScheme.Light, 1120, 720), ("dark", ColorScheme.Dark, 1120, 720),
            ("phone", ColorScheme.Light, 390, 780),
        })
        {
            await ana.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = colors });
            await ana.Page.SetViewportSizeAsync(width, height);
            await ana.Conversation.FocusAsync();
            await ana.Page.Keyboard.PressAsync("g");
            await ana.SettleAsync();
            await SaveAsync(ana, $"comments-{name}");
            foreach (string key in (string[])["m", "m"]) await ana.Page.Keyboard.PressAsync(key);
            await ana.SettleAsync();
            await SaveAsync(ana, $"line-comment-{name}");
        }

        await ana.Page.Keyboard.PressAsync("o");
        await ana.Page.Locator(".here").ScrollIntoViewIfNeededAsync();
        await ana.SettleAsync();
        await SaveAsync(ana, "presence-phone");
        await ana.Page.SetViewportSizeAsync(1120, 720);
        foreach ((string name, ColorScheme colors) in new[]
        {
            ("light", ColorScheme.Light), ("dark", ColorScheme.Dark),
        })
        {
            await ana.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = colors });
            await ana.Page.Locator(".here").ScrollIntoViewIfNeededAsync();
            await ana.IsLiveAsync();
            await Assertions.Expect(ana.Page.Locator(".here li")).ToHaveCountAsync(3);
            await ana.SettleAsync();
            await SaveAsync(ana, $"presence-{name}");
        }
    }

    private async Task TakeAsync(
        LiveShare live, string link, string name, string? sign, string[]? keys = null, int width = 1280,
        int height = 860,
        ColorScheme colors = ColorScheme.Light)
    {
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, link, width, height, colors);
        if (sign is null) await viewer.IsLiveAsync();
        else await viewer.SeesAsync(sign);
        foreach (string key in keys ?? [])
        {
            await viewer.Page.Keyboard.PressAsync(key);
            if (key == "/") await Assertions.Expect(viewer.Page.GetByLabel("Search in the session")).ToBeFocusedAsync();
        }

        if (keys?.Contains("/") == true)
            await Assertions.Expect(viewer.Page.Locator(".search-count")).ToContainTextAsync("of");
        await viewer.SettleAsync();
        await SaveAsync(viewer, name);
    }

    private async Task SaveAsync(ViewerPage viewer, string name)
    {
        Assert.Empty(await Axe.ViolationsAsync(viewer.Page));
        await viewer.TakeAsync(Folder, $"viewer-{name}", timeout);
        Assert.Empty(viewer.Faults);
    }
}
