using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>An open page of the viewer, and everything that it did which it should not have.</summary>
public sealed partial class ViewerPage : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> faults = new();

    public ViewerPage(Uri server, IPage page)
    {
        Page = page;
        page.SetDefaultTimeout(60_000);
        page.PageError += (_, error) => faults.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
                faults.Enqueue(message.Text);
        };
        page.Dialog += (_, dialog) => faults.Enqueue($"a dialog: {dialog.Message}");
        page.Request += (_, request) =>
        {
            var address = new Uri(request.Url);
            if (address.Scheme is "http" or "https" or "ws" or "wss" && address.Authority != server.Authority)
                faults.Enqueue(request.Url);
        };
    }

    public IPage Page { get; }

    /// <summary>Errors, requests to other sites, violations of the policy: empty when all is well.</summary>
    public IReadOnlyCollection<string> Faults => faults;

    public ILocator Conversation => Page.GetByRole(AriaRole.Region, new PageGetByRoleOptions { Name = "Conversation" });

    public ILocator Status => Page.Locator(".status");

    public Task GoAsync(string link) => Page.GotoAsync(link);

    public Task SeesAsync(string text) => Assertions.Expect(Page.Locator("body")).ToContainTextAsync(text, Slow());

    /// <summary>
    /// Waits until the page follows; it says so in other words of a session that has not changed for long.
    /// </summary>
    public Task IsLiveAsync() => Assertions.Expect(Status).ToContainTextAsync(Following(), Slow());

    public Task<string> TextAsync() => Page.Locator("body").InnerTextAsync();

    /// <summary>Scrolls as a reader does: the page is told by an event.</summary>
    public async Task ScrollToAsync(int top)
    {
        await Conversation.EvaluateAsync($"element => element.scrollTop = {top}");
        await SettleAsync();
    }

    /// <summary>What was asked for is drawn: two frames have passed.</summary>
    public Task SettleAsync() =>
        Page.EvaluateAsync("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");

    /// <summary>The first row in sight and where it is: the reader's place.</summary>
    public async Task<(string Row, double Top)> PlaceAsync()
    {
        JsonElement? place = await Conversation.EvaluateAsync("""
            element => {
                const top = element.getBoundingClientRect().top;
                const row = [...element.querySelectorAll('.row')].find(
                    candidate => candidate.getBoundingClientRect().bottom > top + 1);
                return { row: row.dataset.row, top: row.getBoundingClientRect().top - top };
            }
            """);
        return (place!.Value.GetProperty("row").GetString()!, place.Value.GetProperty("top").GetDouble());
    }

    /// <summary>
    /// Takes a picture into a folder, as PNG to look at and as a small WebP for docs/images; without a folder it is
    /// only taken.
    /// </summary>
    public async Task TakeAsync(string? folder, string name, CancellationToken timeout)
    {
        byte[] picture = await Page.ScreenshotAsync();
        Assert.NotEmpty(picture);
        if (folder is null) return;
        Directory.CreateDirectory(folder);
        await File.WriteAllBytesAsync(Path.Combine(folder, $"{name}.png"), picture, timeout);
        ICDPSession session = await Page.Context.NewCDPSessionAsync(Page);
        JsonElement small = (await session.SendAsync("Page.captureScreenshot", new Dictionary<string, object>
        {
            ["format"] = "webp", ["quality"] = 60,
        }))!.Value;
        await File.WriteAllBytesAsync(
            Path.Combine(folder, $"{name}.webp"), small.GetProperty("data").GetBytesFromBase64(), timeout);
    }

    public async ValueTask DisposeAsync() => await Page.Context.DisposeAsync();

    [GeneratedRegex("Live|Up to date")]
    private static partial Regex Following();

    private static LocatorAssertionsToContainTextOptions Slow() => new() { Timeout = 60_000 };
}
