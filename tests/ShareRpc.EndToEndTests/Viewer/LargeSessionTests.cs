using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>A large session in the page, and how long it takes to open: measured when no other test runs.</summary>
[Collection(AloneCollection.Name)]
public sealed class LargeSessionTests(BrowserFixture browser, ITestOutputHelper output) : IClassFixture<BrowserFixture>
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task A_session_of_10_000_parts_opens_and_scrolls()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await PutManyAsync(live, 5000);
        string link = (await live.InviteAsync()).Link;
        // The best of some: what else the machine does is not what is measured.
        double best = double.MaxValue;
        for (int i = 0; i < 5 && best >= 2000; i++) best = Math.Min(best, await FirstContentAsync(live, link));
        double slowness = best < 2000 ? 1 : await SlownessAsync(live, link);
        Assert.True(best < 2000 * slowness, $"first content after {best:f0} ms; slowness {slowness:f1}");

        long start = Stopwatch.GetTimestamp();
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, link);
        await viewer.IsLiveAsync();
        await viewer.SeesAsync("Question 4999");
        output.WriteLine(Line("all of it after", start));

        await viewer.ScrollToAsync(0);
        await viewer.SeesAsync("Question 0");
        double slowest = await viewer.Page.EvaluateAsync<double>("""
            async () => {
                const scroller = document.querySelector('.scroller');
                let slowest = 0;
                let last = performance.now();
                for (let i = 0; i < 60; i++) {
                    scroller.scrollTop += 400;
                    await new Promise(done => requestAnimationFrame(done));
                    slowest = Math.max(slowest, performance.now() - last);
                    last = performance.now();
                }
                return slowest;
            }
            """);
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"slowest of 60 frames of scrolling: {slowest:f0} ms"));
        int rows = await viewer.Page.Locator(".row").CountAsync();
        Assert.True(rows < 200, $"{rows} rows are in the page at once");
        double megabytes = await HeapAsync(viewer.Page) / 1e6;
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"memory of the page with 10,000 parts: {megabytes:f0} MB"));
        Assert.True(megabytes < 100, $"the page keeps {megabytes:f0} MB for 10 MB of state");
        Assert.Empty(viewer.Faults);
    }

    /// <summary>
    /// Milliseconds from following the link to the first row, in a browser that knows nothing of the page.
    /// </summary>
    private async Task<double> FirstContentAsync(LiveShare live, string link)
    {
        long start = Stopwatch.GetTimestamp();
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, link);
        await viewer.Page.Locator(".row-user, .row-part").First.WaitForAsync();
        output.WriteLine(Line("first content after", start));
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private async Task<double> SlownessAsync(LiveShare live, string link)
    {
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, link);
        return await Slowness.OfAsync(viewer.Page, timeout);
    }

    /// <summary>Bytes that scripts of the page hold, once what nobody needs is gone.</summary>
    private static async Task<double> HeapAsync(IPage page)
    {
        ICDPSession session = await page.Context.NewCDPSessionAsync(page);
        await session.SendAsync("HeapProfiler.collectGarbage");
        return (await session.SendAsync("Runtime.getHeapUsage"))!.Value.GetProperty("usedSize").GetDouble();
    }

    private static async Task PutManyAsync(LiveShare live, int turns)
    {
        string filler = string.Join(' ', Enumerable.Repeat("The quick brown fox jumps over the lazy dog.", 44));
        foreach (var batch in Docs.Conversation(turns).Select(Filled).Chunk(400)) await live.PutAsync(batch);

        (string Kind, string Key, JsonNode Data) Filled((string Kind, string Key, JsonNode Data) document)
        {
            if (document.Kind == "part" && document.Key[^1] == 'b')
                document.Data["text"] = $"{document.Data["text"]}\n\n{filler}";
            return document;
        }
    }

    private static string Line(string what, long start) => string.Create(
        CultureInfo.InvariantCulture, $"{what} {Stopwatch.GetElapsedTime(start).TotalMilliseconds:f0} ms");
}
