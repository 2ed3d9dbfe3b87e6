using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>A session of 18,500 parts and 44 MB in the page, by the browser's trace and by processor time.</summary>
[Trait("Suite", "Deep")]
[Collection(AloneCollection.Name)]
public sealed class LongSessionTests(BrowserFixture browser, ITestOutputHelper output) : IClassFixture<BrowserFixture>
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(9)).Token;

    [BrowserFact]
    public async Task A_long_session_opens_at_once_is_whole_soon_and_scrolls_smoothly()
    {
        int parts = LongSession.Parts / 100 * DeepSize.Or(100);
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        foreach (var batch in LongSession.Documents(parts).Chunk(400)) await live.PutAsync(batch);
        string link = (await live.InviteAsync()).Link;
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, new Uri(live.Server, "/").AbsoluteUri);
        await viewer.SeesAsync("Open a shared session");
        ICDPSession session = await viewer.Page.Context.NewCDPSessionAsync(viewer.Page);
        await session.SendAsync("Performance.enable");
        long start = Stopwatch.GetTimestamp();
        await viewer.Page.GetByLabel("Link").FillAsync(link);
        TaskTimes loading = await TaskTimes.StartAsync(viewer.Page);
        await viewer.Page.Keyboard.PressAsync("Enter");
        await viewer.Page.Locator(".row-user, .row-part").First.WaitForAsync();
        Say("first content after", Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        await viewer.IsLiveAsync();
        Say("all of it after", Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        Say("longest task of loading, processor time", await loading.StopAsync(timeout));
        foreach (string name in (string[])["TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration"])
            Say($"so far {name}", await MetricAsync(session, name) * 1000);
        TaskTimes scrolling = await TaskTimes.StartAsync(viewer.Page);
        await viewer.Page.EvaluateAsync("""
            async () => {
                const scroller = document.querySelector('.scroller');
                scroller.scrollTop = scroller.scrollHeight / 3;
                for (let i = 0; i < 120; i++) {
                    scroller.scrollTop += 400;
                    await new Promise(done => requestAnimationFrame(done));
                }
            }
            """);
        double longest = await scrolling.StopAsync(timeout);
        Say("longest task of scrolling, processor time", longest);
        double slowness = longest < 50 ? 1 : await Slowness.OfAsync(viewer.Page, timeout);
        Assert.True(longest < 50 * slowness, $"a frame of scrolling takes {longest:f0} ms; slowness {slowness:f1}");
        Assert.Empty(viewer.Faults);
    }

    private static async Task<double> MetricAsync(ICDPSession session, string name) =>
        (await session.SendAsync("Performance.getMetrics"))!.Value.GetProperty("metrics").EnumerateArray()
            .First(metric => metric.GetProperty("name").GetString() == name).GetProperty("value").GetDouble();

    private void Say(string what, double ms) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {ms:f0} ms"));
}
