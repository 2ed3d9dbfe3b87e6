using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>Each state of the page for whoever hears it, enlarges it, or has a phone.</summary>
[Collection(ReadingCollection.Name)]
public sealed class ForEverybodyTests(BrowserFixture browser)
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    /// <summary>The keys that lead to each state.</summary>
    private static IReadOnlyDictionary<string, string[]> States => new Dictionary<string, string[]>
    {
        ["start"] = ["g"], ["edits"] = ["f"], ["files"] = ["c"], ["search"] = ["/", "o", "n", "e"], ["help"] = ["?"],
        ["unfolded"] = ["u"], ["folded"] = ["Shift+U"], ["outline"] = ["o"], ["side by side"] = ["d", "c"],
        ["how long ago"] = ["r", "g"],
    };

    [BrowserTheory]
    [InlineData(1280, 860)]
    [InlineData(390, 780)]
    public async Task Axe_finds_nothing_in_any_state_light_dark_or_on_a_phone(int width, int height)
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. RichSession.Documents()]);
        string rich = (await live.InviteAsync()).Link;
        await using LiveShare other = await browser.ShareAsync(timeout);
        string sample = await other.PutSampleAsync();
        foreach (string link in new[] { sample, rich })
        {
            await using ViewerPage viewer = await browser.OpenAsync(live.Server, link, width, height);
            await viewer.IsLiveAsync();
            foreach ((string state, string[] keys) in States)
            {
                foreach (string key in keys)
                {
                    await viewer.Page.Keyboard.PressAsync(key);
                    await viewer.SettleAsync();
                }

                IReadOnlyList<string> violations = width > height
                    ? await Axe.ViolationsLightOrDarkAsync(viewer) : await Axe.ViolationsAsync(viewer.Page);
                Assert.True(violations.Count == 0, $"{state}: {string.Join('\n', violations)}");
                await viewer.Page.Keyboard.PressAsync("Escape");
                await viewer.SettleAsync();
            }

            Assert.Empty(viewer.Faults);
        }
    }

    [BrowserTheory]
    [InlineData(640, 430)]
    [InlineData(320, 640)]
    public async Task At_twice_the_size_and_on_the_narrowest_phone_nothing_leaves_the_page_to_the_side(
        int width, int height)
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await using ViewerPage viewer = await browser.OpenAsync(
            live.Server, await live.PutSampleAsync(), width, height);
        await viewer.IsLiveAsync();
        foreach (string key in new[] { "g", "c", "f", "o" })
        {
            await viewer.Page.Keyboard.PressAsync(key);
            await viewer.SettleAsync();
            int wide = await viewer.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth");
            int scrolled = await viewer.Conversation.EvaluateAsync<int>("e => e.scrollWidth - e.clientWidth");
            Assert.True(wide <= width && scrolled <= 0, $"after {key}: {wide} of {width}, {scrolled} more in the list");
        }
    }

    [BrowserFact]
    public async Task Text_from_right_to_left_reads_so_and_moves_nothing_of_the_page()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        const string arabic = "مرحبا، هل يمكنك إصلاح هذا؟";
        await live.PutAsync(Docs.Session(arabic), Docs.User("m1", 1), Docs.Text("p1", "m1", arabic),
            Docs.Assistant("m2", 2), Docs.Text("p2", "m2", $"{arabic}\n\n- {arabic}"));
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        await viewer.IsLiveAsync();
        foreach (string place in new[] { "h1", ".row-user .markdown p", ".row-part .markdown p", ".outline-text" })
        {
            string direction = await viewer.Page.Locator(place).First.EvaluateAsync<string>(
                "element => getComputedStyle(element).direction");
            Assert.True(direction == "rtl", $"{place} is {direction}");
        }

        Assert.Equal("ltr", await viewer.Page.EvaluateAsync<string>("() => getComputedStyle(document.body).direction"));
    }

    [BrowserFact]
    public async Task Nothing_moves_for_whoever_asked_for_less_motion()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, await live.PutSampleAsync());
        await viewer.IsLiveAsync();
        await viewer.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ReducedMotion = ReducedMotion.Reduce });
        int moving = await viewer.Page.EvaluateAsync<int>("() => document.getAnimations().length");
        Assert.Equal(0, moving);
    }
}
