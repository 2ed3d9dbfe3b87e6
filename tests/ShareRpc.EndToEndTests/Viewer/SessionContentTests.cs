using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>A session with one of everything, as people read it and take from it.</summary>
[Collection(ReadingCollection.Name)]
public sealed class SessionContentTests(BrowserFixture browser)
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task Title_directory_model_agent_tokens_cost_todos_and_changed_files_are_in_sight()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await using ViewerPage viewer = await OpenAsync(live);
        await viewer.ScrollToAsync(0);

        await Assertions.Expect(
            viewer.Page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Rename a function" }))
            .ToBeVisibleAsync();
        await Assertions.Expect(viewer.Page.Locator(".usage")).ToHaveTextAsync("1.2k tokens in, 300 out, $0.25");
        ILocator head = viewer.Page.Locator(".session-head");
        await Assertions.Expect(head).ToContainTextAsync("/home/dev/project");
        await Assertions.Expect(head).ToContainTextAsync("model · agent build");
        await Assertions.Expect(viewer.Page.Locator(".side .todos")).ToContainTextAsync("In progress: test it");
        await Assertions.Expect(viewer.Page.Locator(".changes")).ToContainTextAsync("a.ts+1");
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task Each_message_of_the_user_begins_a_turn_and_errors_and_aborted_turns_are_plain_to_see()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await using ViewerPage viewer = await OpenAsync(live);

        await Assertions.Expect(viewer.Page.Locator(".outline-text")).ToHaveTextAsync(
            ["Please rename `old` to **new**.", "Go on.", "Stop."]);
        await viewer.Page.SetViewportSizeAsync(1280, 2600);
        await viewer.Page.Keyboard.PressAsync("g");
        await Assertions.Expect(viewer.Page.Locator(".row-user")).ToHaveCountAsync(3);
        await Assertions.Expect(viewer.Page.Locator(".news")).ToHaveCountAsync(0); // all of it is in sight
        await viewer.SeesAsync("ProviderError");
        await viewer.SeesAsync("the model is not there");
        await viewer.SeesAsync("Aborted by the user.");
        await Assertions.Expect(viewer.Page.Locator(".foot .ending")).ToHaveTextAsync(["Failed", "Aborted"]);
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task Reasoning_and_long_output_are_folded_and_a_tool_tells_state_input_output_and_duration()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await using ViewerPage viewer = await OpenAsync(live);
        await viewer.ScrollToAsync(0);
        ILocator reasoning = viewer.Page.Locator(".reasoning .fold");
        await Assertions.Expect(reasoning).ToHaveAttributeAsync("aria-expanded", "false");
        await Assertions.Expect(reasoning).ToContainTextAsync("3 s");
        await reasoning.ClickAsync();
        await Assertions.Expect(viewer.Page.Locator(".reasoning-text")).ToContainTextAsync("The hidden depth of it.");
        await Assertions.Expect(viewer.Page.Locator(".row-part table td").First).ToHaveTextAsync("a.ts");

        ILocator bash = Tool(viewer, "bash");
        await Assertions.Expect(bash.Locator(".tool-head")).ToContainTextAsync("Done:");
        await Assertions.Expect(bash.Locator(".tool-time")).ToHaveTextAsync("19 ms");
        await Assertions.Expect(bash).ToContainTextAsync("seq 40");
        await Assertions.Expect(bash).Not.ToContainTextAsync("line 13");
        await bash.GetByText("Show 28 more lines").ClickAsync();
        await Assertions.Expect(bash).ToContainTextAsync("line 40");
        await Assertions.Expect(Tool(viewer, "grep")).ToContainTextAsync("no such file");
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task Diffs_have_counts_stand_in_one_column_or_side_by_side_and_a_key_jumps_between_them()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await using ViewerPage viewer = await OpenAsync(live);
        IKeyboard keyboard = viewer.Page.Keyboard;
        ILocator mark = viewer.Page.Locator(".row.is-target");
        await keyboard.PressAsync("g");
        await keyboard.PressAsync("e");
        await Assertions.Expect(mark).ToContainTextAsync("a.ts");
        await Assertions.Expect(mark.Locator(".tool-head .counts")).ToContainTextAsync("+1");
        await Assertions.Expect(mark.Locator("table.unified tr.removed")).ToContainTextAsync("two");
        await Assertions.Expect(mark.Locator("table.unified tr.added")).ToContainTextAsync("TWO");
        await keyboard.PressAsync("e");
        await Assertions.Expect(mark).ToContainTextAsync("b.ts");
        await Assertions.Expect(mark).ToBeInViewportAsync();
        await keyboard.PressAsync("Shift+E");
        await Assertions.Expect(mark).ToContainTextAsync("a.ts");

        await keyboard.PressAsync("d");
        ILocator line = mark.Locator("table.split tr").Filter(new LocatorFilterOptions { HasText = "TWO" });
        await Assertions.Expect(line).ToContainTextAsync("two");
        await viewer.Page.ReloadAsync();
        await viewer.IsLiveAsync();
        await keyboard.PressAsync("g");
        await keyboard.PressAsync("e");
        await Assertions.Expect(mark.Locator("table.split")).ToHaveCountAsync(1);
        await keyboard.PressAsync("Escape");
        await Assertions.Expect(mark).ToHaveCountAsync(0);
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task A_picture_is_shown_and_another_attachment_is_saved_under_its_name()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await using ViewerPage viewer = await OpenAsync(live);
        await viewer.ScrollToAsync(0);
        ILocator picture = viewer.Page.GetByAltText("Attached image: shot.png");
        await Assertions.Expect(picture).ToBeVisibleAsync();
        await Assertions.Expect(picture).ToHaveJSPropertyAsync("naturalWidth", 1);

        (string name, string content) = await SaveAsync(viewer, "Download notes.txt");

        Assert.Equal("notes.txt", name);
        Assert.Equal("hello", content);
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task Code_and_links_with_their_key_are_copied_and_it_is_said()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await using ViewerPage viewer = await OpenAsync(live);
        await viewer.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await viewer.ScrollToAsync(0);
        ILocator copy = viewer.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Copy code" });

        await copy.ClickAsync();

        await Assertions.Expect(copy).ToHaveTextAsync("Copied");
        Assert.Equal("const copied = 1;", (await ClipboardAsync(viewer)).TrimEnd());
        await viewer.Page.Locator(".row-user .permalink").First.ClickAsync();
        await viewer.SeesAsync("Link copied, with its key: whoever has it can read this session.");
        Assert.Matches("#srpc_[0-9A-Za-z_]+&m=msg_1$", await ClipboardAsync(viewer));
        ILocator copyLink = viewer.Page.GetByRole(
            AriaRole.Button, new PageGetByRoleOptions { Name = "Copy link", Exact = true });
        await copyLink.ClickAsync();
        await Assertions.Expect(copyLink).ToHaveAttributeAsync("data-said", "Copied, with its key");
        Assert.Matches("/s/[0-9A-Za-z]+#srpc_[0-9A-Za-z_]+$", await ClipboardAsync(viewer));
        Assert.DoesNotContain("srpc_", await viewer.Page.ContentAsync(), StringComparison.Ordinal);
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task The_session_is_saved_as_Markdown_and_as_JSON_without_the_token()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await using ViewerPage viewer = await OpenAsync(live);

        (string markdownName, string markdown) = await SaveAsync(viewer, "Save as Markdown");
        (string jsonName, string json) = await SaveAsync(viewer, "Save as JSON");

        Assert.Equal(("Rename a function.md", "Rename a function.json"), (markdownName, jsonName));
        Assert.StartsWith("# Rename a function", markdown, StringComparison.Ordinal);
        Assert.Contains("Please rename `old` to **new**.", markdown, StringComparison.Ordinal);
        Assert.Contains("line 40", markdown, StringComparison.Ordinal);
        JsonArray documents = JsonNode.Parse(json)!["docs"]!.AsArray();
        Assert.Contains(documents, document => (string?)document!["key"] == "prt_25");
        Assert.DoesNotContain("srpc_", markdown + json, StringComparison.Ordinal);
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task A_subagents_session_is_linked_once_its_own_link_was_opened_in_the_tab()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        string child = await live.ShareSampleAsync();
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, child);
        await viewer.IsLiveAsync();
        string session = await viewer.Page.EvaluateAsync<string>(
            "() => Object.keys(sessionStorage).find(key => "
                + "key.startsWith('sharerpc.session.')).slice('sharerpc.session.'.length)");
        await live.PutAsync([.. RichSession.Documents(session)]);
        string link = (await live.InviteAsync()).Link;
        await using (ViewerPage elsewhere = await browser.OpenAsync(live.Server, link))
        {
            await elsewhere.SeesAsync("shared by a link of its own");
        }

        await viewer.GoAsync(link);
        await viewer.IsLiveAsync();
        await viewer.Page.Locator(".subsession a").ClickAsync();

        await viewer.SeesAsync("Seconds are NaN");
        Assert.DoesNotContain("srpc_", viewer.Page.Url, StringComparison.Ordinal);
        Assert.Empty(viewer.Faults);
    }

    private static ILocator Tool(ViewerPage viewer, string name) =>
        viewer.Page.GetByRole(AriaRole.Group, new PageGetByRoleOptions { Name = $"Tool call: {name}", Exact = true });

    private static Task<string> ClipboardAsync(ViewerPage viewer) =>
        viewer.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()");

    private static async Task<(string Name, string Content)> SaveAsync(ViewerPage viewer, string button)
    {
        IDownload download = await viewer.Page.RunAndWaitForDownloadAsync(
            () => viewer.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = button }).ClickAsync());
        return (download.SuggestedFilename, await File.ReadAllTextAsync(await download.PathAsync()));
    }

    private async Task<ViewerPage> OpenAsync(LiveShare live)
    {
        await live.PutAsync([.. RichSession.Documents()]);
        ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link, height: 2000);
        await viewer.IsLiveAsync();
        return viewer;
    }
}
