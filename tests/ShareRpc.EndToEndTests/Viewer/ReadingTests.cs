using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>Reading: big sessions, small windows, the keyboard alone, search, and people who do not see the page.</summary>
public sealed class ReadingTests(BrowserFixture browser, ITestOutputHelper output) : IClassFixture<BrowserFixture>
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(5)).Token;

    [BrowserFact]
    public async Task A_session_of_10_000_parts_opens_and_scrolls()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await PutManyAsync(live, 5000);
        string link = (await live.InviteAsync()).Link;
        long start = Stopwatch.GetTimestamp();
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, link);
        await viewer.Page.Locator(".row-user, .row-part").First.WaitForAsync();
        output.WriteLine(Line("first content after", start));
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
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"slowest of 60 frames of scrolling: {slowest:f0} ms"));
        int rows = await viewer.Page.Locator(".row").CountAsync();
        Assert.True(rows < 200, $"{rows} rows are in the page at once");
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task On_a_phone_nothing_is_wider_than_the_window_and_the_outline_opens_over_the_session()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutAsync(
        [
            .. Docs.Conversation(10, "A title that is longer than a phone is wide, and goes on"),
            Docs.Tool("prt_t", "msg_000009b", "bash", new JsonObject { ["command"] = new string('w', 400) }, new string('x', 400)),
        ]);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link, 360, 740);
        await viewer.IsLiveAsync();
        await viewer.SeesAsync("Answer 9");

        Assert.True(await viewer.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= 360"));
        Assert.True(await viewer.Conversation.EvaluateAsync<bool>("element => element.scrollWidth <= element.clientWidth"));
        await viewer.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Outline" }).ClickAsync();
        await viewer.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Question 0" }).ClickAsync();
        await Assertions.Expect(viewer.Page.GetByText("Answer 0.")).ToBeInViewportAsync();
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task The_keyboard_alone_moves_searches_and_helps()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(60)]);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        await viewer.IsLiveAsync();
        await viewer.SeesAsync("Answer 59");
        IKeyboard keyboard = viewer.Page.Keyboard;

        await keyboard.PressAsync("g");
        await Assertions.Expect(viewer.Page.GetByText("Question 0").Last).ToBeInViewportAsync();
        await keyboard.PressAsync("j");
        await keyboard.PressAsync("/");
        await Assertions.Expect(viewer.Page.GetByLabel("Search in the session")).ToBeFocusedAsync();
        await keyboard.TypeAsync("answer 33.");
        await Assertions.Expect(viewer.Page.GetByText("Answer 33.")).ToBeInViewportAsync();
        await Assertions.Expect(viewer.Page.Locator(".search-count")).ToHaveTextAsync("1 of 1");
        await keyboard.PressAsync("Escape");
        await keyboard.PressAsync("?");
        await Assertions.Expect(viewer.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await keyboard.PressAsync("Escape");
        await Assertions.Expect(viewer.Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        await keyboard.PressAsync("G");
        await Assertions.Expect(viewer.Page.GetByText("Answer 59.")).ToBeInViewportAsync();
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task A_permalink_holds_no_token_and_leads_to_its_message()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(60)]);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        await viewer.IsLiveAsync();
        await viewer.ScrollToAsync(0);
        ILocator permalink = viewer.Page.Locator(".row-user .permalink").Nth(1);

        string address = await permalink.EvaluateAsync<string>("element => element.href");
        Assert.EndsWith("#m-msg_000001a", address, StringComparison.Ordinal);
        await viewer.Page.EvaluateAsync("() => { location.hash = '#m-msg_000030a'; }");
        await Assertions.Expect(viewer.Page.GetByText("Question 30").Last).ToBeInViewportAsync();
        await viewer.Page.ReloadAsync();
        await Assertions.Expect(viewer.Page.GetByText("Question 30").Last).ToBeInViewportAsync();
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task Axe_finds_no_serious_violation_in_a_session_or_a_plain_page_light_or_dark()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        string session = await live.ShareSampleAsync();
        string expired = (await live.InviteAsync(new JsonObject { ["expires_at_ms"] = 1 })).Link;
        string locked = (await live.InviteAsync(passphrase: "x")).Link;
        foreach (ColorScheme colors in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            foreach ((string link, string sign) in new[] { (session, "To-do"), (expired, "expired"), (locked, "passphrase") })
            {
                await using ViewerPage viewer = await browser.OpenAsync(live.Server, link, 1280, 860, colors);
                if (link == session) await viewer.IsLiveAsync();
                else await viewer.SeesAsync(sign);
                Assert.Empty(await SeriousAsync(viewer.Page));
            }
        }
    }

    /// <summary>Over a second connection to the page, which its policy does not bind.</summary>
    private static async Task<List<string>> SeriousAsync(IPage page)
    {
        string axe = await File.ReadAllTextAsync(
            Path.Combine(OpencodeFixture.Root(), "src", "viewer", "node_modules", "axe-core", "axe.min.js"));
        await page.EvaluateAsync(axe);
        JsonElement? found = await page.EvaluateAsync(
            "async () => (await axe.run(document)).violations.map(v => ({ impact: v.impact, what: v.id + ': ' + v.nodes[0].html }))");
        return [.. found!.Value.EnumerateArray()
            .Where(violation => violation.GetProperty("impact").GetString() is "serious" or "critical")
            .Select(violation => violation.GetProperty("what").GetString()!)];
    }

    private static async Task PutManyAsync(LiveShare live, int turns)
    {
        string filler = string.Join(' ', Enumerable.Repeat("The quick brown fox jumps over the lazy dog.", 44));
        foreach (var batch in Docs.Conversation(turns).Select(Filled).Chunk(400)) await live.PutAsync(batch);

        (string Kind, string Key, JsonNode Data) Filled((string Kind, string Key, JsonNode Data) document)
        {
            if (document.Kind == "part" && document.Key[^1] == 'b') document.Data["text"] = $"{document.Data["text"]}\n\n{filler}";
            return document;
        }
    }

    private static string Line(string what, long start) => string.Create(
        CultureInfo.InvariantCulture, $"{what} {Stopwatch.GetElapsedTime(start).TotalMilliseconds:f0} ms");
}
