using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>
/// Pictures of the page's main states, into the folder that SHARERPC_SCREENSHOTS names; without it they are only taken and thrown away.
/// </summary>
public sealed class ScreenshotTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("SHARERPC_SCREENSHOTS");
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(5)).Token;

    [BrowserFact]
    public async Task Each_main_state_of_the_viewer_has_a_picture()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        string sample = await live.ShareSampleAsync();
        await live.PutAsync(
        [
            .. Docs.Conversation(3, "A short session"),
            Docs.Tool("prt_000002c", "msg_000002b", "bash", new JsonObject { ["command"] = "ls" }, "README.md\nsrc\n"),
        ]);
        (string link, string capId) = await live.InviteAsync();
        string redacted = (await live.InviteAsync(new JsonObject { ["redact"] = new JsonArray("tools", "reasoning") })).Link;
        string expired = (await live.InviteAsync(new JsonObject { ["expires_at_ms"] = 1 })).Link;
        string locked = (await live.InviteAsync(passphrase: "x")).Link;
        string bare = link[..link.IndexOf('#', StringComparison.Ordinal)];

        await TakeAsync(live, sample, "session", "Live", 1280, 860, ColorScheme.Light, fromStart: true);
        await TakeAsync(live, sample, "session-dark", "Live", 1280, 860, ColorScheme.Dark, fromStart: true);
        await TakeAsync(live, sample, "phone", "Live", 390, 780, ColorScheme.Light, fromStart: true);
        await TakeAsync(live, redacted, "redacted", "Live");
        await TakeAsync(live, expired, "expired", "expired");
        await TakeAsync(live, locked, "passphrase", "Passphrase");
        await TakeAsync(live, bare, "no-token", "key of this link");
        await live.SuspendAsync(capId);
        await TakeAsync(live, link, "suspended", "suspended");
        await live.ResumeAsync(capId);
        await live.EndAsync();
        await TakeAsync(live, link, "ended", "Ended");
        await live.RevokeAsync(capId);
        await TakeAsync(live, link, "revoked", "revoked");
    }

    private async Task TakeAsync(
        LiveShare live, string link, string name, string sign, int width = 1280, int height = 860, ColorScheme colors = ColorScheme.Light,
        bool fromStart = false)
    {
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, link, width, height, colors);
        await viewer.SeesAsync(sign);
        if (fromStart) await viewer.ScrollToAsync(0);
        byte[] picture = await viewer.Page.ScreenshotAsync();
        Assert.NotEmpty(picture);
        Assert.Empty(viewer.Faults);
        if (Folder is null) return;
        Directory.CreateDirectory(Folder);
        await File.WriteAllBytesAsync(Path.Combine(Folder, $"viewer-{name}.png"), picture, timeout);
    }
}
