using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>Reading: small windows, the keyboard alone, search, and people who do not see the page.</summary>
[Collection(ReadingCollection.Name)]
public sealed class ReadingTests(BrowserFixture browser)
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task On_a_phone_nothing_is_wider_than_the_window_and_the_outline_opens_over_the_session()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync(
        [
            .. Docs.Conversation(10, "A title that is longer than a phone is wide, and goes on"),
            Docs.Tool("prt_t", "msg_000009b", "bash", new JsonObject { ["command"] = new string('w', 400) },
                new string('x', 400)),
        ]);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link, 360, 740);
        await viewer.IsLiveAsync();
        await viewer.SeesAsync("Answer 9");

        Assert.True(await viewer.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= 360"));
        Assert.True(
            await viewer.Conversation.EvaluateAsync<bool>("element => element.scrollWidth <= element.clientWidth"));
        await viewer.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Outline" }).ClickAsync();
        await viewer.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Question 0" }).ClickAsync();
        await Assertions.Expect(viewer.Page.GetByText("Answer 0.")).ToBeInViewportAsync();
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task The_outline_button_says_whether_the_outline_is_shown_on_a_wide_screen_too()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        await viewer.IsLiveAsync();
        ILocator button = viewer.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Outline" });
        ILocator outline = viewer.Page.GetByRole(AriaRole.Navigation, new PageGetByRoleOptions { Name = "Outline" });

        await Assertions.Expect(outline).ToBeVisibleAsync();
        await Assertions.Expect(button).ToHaveAttributeAsync("aria-expanded", "true");
        await viewer.Page.Keyboard.PressAsync("o");
        await Assertions.Expect(outline).ToBeHiddenAsync();
        await Assertions.Expect(button).ToHaveAttributeAsync("aria-expanded", "false");
        await viewer.Page.SetViewportSizeAsync(1300, 800);
        await button.ClickAsync();
        await Assertions.Expect(outline).ToBeVisibleAsync();
        await viewer.Page.SetViewportSizeAsync(400, 800);
        await Assertions.Expect(outline).ToBeHiddenAsync();
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task The_keyboard_alone_moves_searches_and_helps()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(60)]);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        await viewer.IsLiveAsync();
        await viewer.SeesAsync("Answer 59");
        IKeyboard keyboard = viewer.Page.Keyboard;

        await keyboard.PressAsync("g");
        await Assertions.Expect(viewer.Page.GetByText("Answer 0.")).ToBeInViewportAsync();
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
    public async Task A_search_finds_what_comes_after_the_query()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        await viewer.IsLiveAsync();
        ILocator found = viewer.Page.Locator(".search-count");
        await viewer.Page.Keyboard.PressAsync("/");
        await viewer.Page.Keyboard.TypeAsync("needle");
        await Assertions.Expect(found).ToHaveTextAsync("Nothing found");

        await live.PutAsync(Docs.User("msg_z", 1000), Docs.Text("prt_z", "msg_z", "A needle"));

        await Assertions.Expect(found).ToHaveTextAsync("1 of 1");
        await Assertions.Expect(viewer.Page.GetByText("A needle").Last).ToBeInViewportAsync();
        await live.PutAsync(Docs.Text("prt_000000a", "msg_000000a", "Another needle"));
        await Assertions.Expect(found).ToHaveTextAsync("2 of 2");
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task A_key_that_is_pressed_as_the_help_closes_is_not_lost()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(60)]);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        await viewer.IsLiveAsync();
        await viewer.SeesAsync("Answer 59");
        await viewer.Page.Keyboard.PressAsync("?");
        await Assertions.Expect(viewer.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();

        // Before the page is told that the dialog has closed.
        await viewer.Page.EvaluateAsync("""
            () => {
              document.querySelector('dialog').close();
              document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'g', bubbles: true }));
            }
            """);

        await Assertions.Expect(viewer.Page.GetByText("Answer 0.")).ToBeInViewportAsync();
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task All_of_a_long_session_is_printed_unfolded_on_paper_and_the_reader_keeps_the_place()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        string output = string.Join('\n', Enumerable.Range(0, 60).Select(line => $"line {line}"));
        await live.PutAsync([.. Docs.Conversation(150), Docs.Tool("prt_t", "msg_000000b", "bash", [], output)]);
        await using ViewerPage viewer = await browser.OpenAsync(
            live.Server, (await live.InviteAsync()).Link, colors: ColorScheme.Dark);
        await viewer.IsLiveAsync();
        await viewer.ScrollToAsync(3000);
        (string Row, double Top) before = await viewer.PlaceAsync();
        int shown = await viewer.Conversation.Locator(".row").CountAsync();

        await viewer.Page.EvaluateAsync("""
            () => addEventListener('beforeprint', () => {
                const scroller = document.querySelector('.scroller');
                window.printed = { text: scroller.textContent, rows: scroller.querySelectorAll('.row').length };
            })
            """);
        byte[] paper = await viewer.Page.PdfAsync(new PagePdfOptions { Format = "A4" });

        string printed = await viewer.Page.EvaluateAsync<string>("() => window.printed.text");
        foreach (string text in new[] { "Question 0", "line 59", "Answer 149." })
            Assert.Contains(text, printed, StringComparison.Ordinal);
        Assert.True(await viewer.Page.EvaluateAsync<int>("() => window.printed.rows") > 300);
        int pages = System.Text.Encoding.Latin1.GetString(paper).Split("/Type /Page\n").Length - 1;
        Assert.True(pages > 10, $"{pages} pages");
        await viewer.SettleAsync();
        Assert.Equal(before.Row, (await viewer.PlaceAsync()).Row);
        Assert.True(await viewer.Conversation.Locator(".row").CountAsync() < shown + 40);
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task A_permalink_holds_no_token_and_leads_to_its_message()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
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
        IPage tab = await viewer.Page.Context.NewPageAsync();
        await tab.GotoAsync(address.Replace("msg_000001a", "msg_000040a", StringComparison.Ordinal));
        await Assertions.Expect(tab.GetByText("Question 40").Last).ToBeInViewportAsync();
        Assert.DoesNotContain("srpc_", tab.Url, StringComparison.Ordinal);
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task A_link_to_a_message_opens_it_for_whoever_gets_it_over_plain_http_too()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(60)]);
        const string script = "Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined });"
            + "document.addEventListener('copy', () => { window.copied = document.activeElement.value; });";
        await using ViewerPage viewer =
            await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link, script: script);
        await viewer.IsLiveAsync();
        await viewer.ScrollToAsync(0);
        await viewer.Page.Locator(".row-user .permalink").Nth(1).ClickAsync();
        await viewer.SeesAsync("Link copied, with its key");
        string copied = await viewer.Page.EvaluateAsync<string>("() => window.copied");

        await using ViewerPage other = await browser.OpenAsync(live.Server, $"{copied}).", height: 300);

        await Assertions.Expect(other.Page.GetByText("Question 1", new PageGetByTextOptions { Exact = true }).Last)
            .ToBeInViewportAsync();
        Assert.EndsWith("#m-msg_000001a", other.Page.Url, StringComparison.Ordinal);
        Assert.Empty(other.Faults);
    }

    [BrowserFact]
    public async Task Axe_finds_no_serious_violation_in_a_session_of_opencode_or_a_plain_page_light_or_dark()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        string session = await live.ShareSampleAsync();
        string expired = (await live.InviteAsync(new JsonObject { ["expires_at_ms"] = 1 })).Link;
        string locked = (await live.InviteAsync(passphrase: "x")).Link;
        foreach ((string link, string sign) in new[] { (session, ""), (expired, "expired"), (locked, "passphrase") })
        {
            await using ViewerPage viewer = await browser.OpenAsync(live.Server, link);
            if (sign.Length == 0) await viewer.IsLiveAsync();
            else await viewer.SeesAsync(sign);
            Assert.Empty(await Axe.ViolationsLightOrDarkAsync(viewer));
        }
    }
}
