using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>A session that goes on while it is read.</summary>
[Collection(ReadingCollection.Name)]
public sealed class LiveReadingTests(BrowserFixture browser, ITestOutputHelper output)
{
    private const int StreamedOps = 300;
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task The_state_of_a_tool_changes_in_place()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(1), Running("")]);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        ILocator tool = viewer.Page.Locator(".tool");
        await Assertions.Expect(tool.Locator(".tool-time")).ToHaveTextAsync("Running");
        await tool.EvaluateAsync("element => element.wasHere = true");

        await live.PutAsync(Running("half of it"));
        await Assertions.Expect(tool).ToContainTextAsync("half of it");
        await live.PutAsync(
            Docs.Tool("prt_t", "msg_000000b", "bash", new JsonObject { ["command"] = "make" }, "all of it"));

        await Assertions.Expect(tool).ToContainTextAsync("all of it");
        await Assertions.Expect(tool.Locator(".tool-time")).ToHaveTextAsync("19 ms");
        await Assertions.Expect(tool).ToHaveJSPropertyAsync("wasHere", true);
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task The_end_is_followed_unless_the_reader_has_scrolled_up_and_then_a_button_counts_what_is_new()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(30)]);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        await viewer.IsLiveAsync();
        await viewer.SeesAsync("Answer 29");

        await live.PutAsync(Docs.User("msg_y", 900), Docs.Text("prt_y", "msg_y", "Seen without scrolling"));
        await Assertions.Expect(viewer.Conversation.GetByText("Seen without scrolling")).ToBeInViewportAsync();
        await Assertions.Expect(viewer.Page.Locator(".news")).ToHaveCountAsync(0);

        await viewer.Conversation.HoverAsync();
        await viewer.Page.Mouse.WheelAsync(0, -3000);
        await Assertions.Expect(viewer.Page.Locator(".news")).ToHaveTextAsync("To the end");
        (string Row, double Top) before = await viewer.PlaceAsync();
        await live.PutAsync(Docs.User("msg_z", 1000), Docs.Text("prt_z", "msg_z", "Not seen yet"));
        await Assertions.Expect(viewer.Page.Locator(".news")).ToHaveTextAsync("1 new");
        Assert.Equal(before.Row, (await viewer.PlaceAsync()).Row);
        await viewer.Page.Keyboard.PressAsync("G");
        await Assertions.Expect(viewer.Conversation.GetByText("Not seen yet")).ToBeInViewportAsync();
        await Assertions.Expect(viewer.Page.Locator(".news")).ToHaveCountAsync(0);
        Assert.Empty(viewer.Faults);
    }

    /// <summary>
    /// Hundreds of ops a second on an idle machine, fewer on a busy one. The page draws what came at most a third of
    /// its time, so its thread's processor time is held against the time that passed, whatever the machine.
    /// </summary>
    [BrowserFact]
    public async Task Ops_streamed_as_fast_as_they_come_leave_the_page_more_than_half_of_its_time()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync(
            [.. Docs.Conversation(200), Docs.User("msg_z", 5000), Docs.Text("prt_z", "msg_z", "Start ")]);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        await viewer.IsLiveAsync();
        await viewer.SeesAsync("Start");
        ICDPSession session = await viewer.Page.Context.NewCDPSessionAsync(viewer.Page);
        await session.SendAsync("Performance.enable",
            new Dictionary<string, object> { ["timeDomain"] = "threadTicks" });
        await viewer.Page.EvaluateAsync("""
            () => {
                globalThis.frames_ = [];
                let last = performance.now();
                const next = () => requestAnimationFrame(now => { frames_.push(now - last); last = now; next(); });
                next();
            }
            """);
        double busyBefore = await BusyAsync(session);
        long start = Stopwatch.GetTimestamp();

        for (int i = 0; i < StreamedOps; i++) await live.AppendAsync("prt_z", $"word{i} and some more text, ");

        await viewer.SeesAsync($"word{StreamedOps - 1} ");
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double busy = await BusyAsync(session) - busyBefore;
        double median =
            await viewer.Page.EvaluateAsync<double>("() => frames_.sort((a, b) => a - b)[frames_.length >> 1]");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{StreamedOps} ops in {seconds:f1} s; page busy {1000 * busy / StreamedOps:f2} ms an op; median frame "
                + $"{median:f1} ms"));
        Assert.True(busy < seconds / 2,
            $"the page's thread was busy for {busy:f2} of {seconds:f2} s with {StreamedOps} ops");
        Assert.Empty(viewer.Faults);
    }

    private static async Task<double> BusyAsync(ICDPSession session)
    {
        JsonElement? metrics = await session.SendAsync("Performance.getMetrics");
        return metrics!.Value.GetProperty("metrics").EnumerateArray()
            .First(metric => metric.GetProperty("name").GetString() == "TaskDuration").GetProperty("value").GetDouble();
    }

    private static (string Kind, string Key, JsonNode Data) Running(string output)
    {
        (string kind, string key, JsonNode data) =
            Docs.Tool("prt_t", "msg_000000b", "bash", new JsonObject { ["command"] = "make" }, output);
        data["state"]!["status"] = "running";
        data["state"]!["time"]!.AsObject().Remove("end");
        return (kind, key, data);
    }
}
