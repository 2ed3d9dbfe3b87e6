using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>Readers who talk about a session, in two browsers at once.</summary>
[Collection(ViewerCollection.Name)]
public sealed class CommentsTests(BrowserFixture browser)
{
    private const string Hostile = "<img src=x onerror=globalThis.owned=1>";
    private static readonly string? Folder = Environment.GetEnvironmentVariable("SHARERPC_SCREENSHOTS");
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(5)).Token;

    [BrowserFact]
    public async Task Two_readers_comment_on_a_message_a_call_and_a_line_answer_edit_resolve_and_remove_live()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(1), Edit()]);
        (string link, _) = await live.InviteAsync(null, null, "read", "comment", "presence");
        string sooner = BrowserFixture.Sooner(15_000); // who is here is asked for so often
        await using ViewerPage ana = await browser.OpenAsync(live.Server, link, script: sooner);
        await using ViewerPage ben = await browser.OpenAsync(live.Server, link, script: sooner);
        await ana.IsLiveAsync();
        await ben.IsLiveAsync();

        await Button(ana, ".row-user", "Comment on this message").ClickAsync();
        await SayAsync(ana, "Why this?");
        await ben.SeesAsync("Why this?");
        await Button(ben, ".row-user", "Answer Guest").ClickAsync();
        await SayAsync(ben, "Because of the test.");
        await ana.SeesAsync("Because of the test.");
        await Assertions.Expect(Button(ben, ".row-user", "Edit your comment")).ToHaveCountAsync(1);
        await Assertions.Expect(Button(ben, ".row-user", "Remove the comment")).ToHaveCountAsync(1);
        await Button(ana, ".row-user", "Edit your comment").ClickAsync();
        await SayAsync(ana, "Why this way?", "Save");
        await ben.SeesAsync("Why this way?");
        await Assertions.Expect(ben.Page.Locator(".row-user .comment").First).ToContainTextAsync("edited");

        await Button(ben, "[data-row='p:prt_e1']", "Comment on this part").ClickAsync();
        await SayAsync(ben, Hostile);
        await ana.SeesAsync(Hostile);
        ILocator row = ana.Page.Locator("[data-row='p:prt_e1']");
        if (await row.Locator(".line-link").CountAsync() == 0) await row.Locator(".tool-head").ClickAsync();
        await row.Locator(".line-link").Last.ClickAsync();
        await Button(ana, "[data-row='p:prt_e1']", "Comment on line").ClickAsync();
        await SayAsync(ana, "This line?");
        await Assertions.Expect(ben.Page.Locator("[data-row='p:prt_e1'] .thread").Last).ToContainTextAsync(
            "a.txt, line");
        await AmongChangedFilesAsync(ben);
        foreach (ViewerPage page in new[] { ana, ben })
        {
            Assert.False(await page.Page.EvaluateAsync<bool>("() => 'owned' in globalThis"));
            Assert.Equal(0, await page.Page.Locator(".talk img").CountAsync());
        }

        await ana.Page.Keyboard.PressAsync("Escape");
        await ana.Conversation.FocusAsync();
        await ana.Page.Keyboard.PressAsync("m");
        await Assertions.Expect(ana.Page.Locator(".row.is-target .talk")).ToHaveCountAsync(1);
        await Assertions.Expect(ana.Page.Locator(".side")).ToContainTextAsync("3 open threads, 0 resolved");
        await PicturesAsync(ana);

        await Button(ben, ".row-user", "Resolve").ClickAsync();
        await Assertions.Expect(ana.Page.Locator(".row-user .thread")).ToContainTextAsync("Resolved, 3 comments");
        await Button(ana, "[data-row='p:prt_e1']", "Remove the comment").ClickAsync();
        await Assertions.Expect(ben.Page.Locator("[data-row='p:prt_e1'] .thread")).ToHaveCountAsync(1);
        await Assertions.Expect(ana.Page.Locator(".here li")).ToHaveCountAsync(3); // the owner's connection, too
        await Assertions.Expect(ana.Page.Locator(".here li").Filter(new LocatorFilterOptions { HasText = "Owner" })
            .GetByRole(AriaRole.Img, new LocatorGetByRoleOptions { Name = "the owner of this share" }))
            .ToHaveCountAsync(1);
        await Assertions.Expect(ana.Page.Locator(".is-owner")).ToHaveCountAsync(1);
        Assert.Empty(ana.Faults);
        Assert.Empty(ben.Faults);
    }

    [BrowserFact]
    public async Task A_reader_without_the_right_sees_comments_as_its_link_says_and_can_add_none()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(1)]);
        await using ViewerPage author = await browser.OpenAsync(
            live.Server, (await live.InviteAsync(null, null, "read", "comment")).Link);
        await author.IsLiveAsync();
        await Button(author, ".row-user", "Comment on this message").ClickAsync();
        await SayAsync(author, "Seen by some.");
        await author.SeesAsync("Seen by some.");
        await using ViewerPage reader = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        await using ViewerPage blind = await browser.OpenAsync(
            live.Server, (await live.InviteAsync(new JsonObject { ["no_comments"] = true })).Link);
        await reader.IsLiveAsync();
        await blind.IsLiveAsync();
        await reader.SeesAsync("Seen by some.");
        Assert.DoesNotContain("Seen by some.", await blind.TextAsync(), StringComparison.Ordinal);
        foreach (ViewerPage page in new[] { reader, blind })
        {
            await Assertions.Expect(page.Page.Locator(".talk-add")).ToHaveCountAsync(0);
            await Assertions.Expect(page.Page.Locator(".talk-actions")).ToHaveCountAsync(0);
        }
    }

    /// <summary>Reads the comment on a line where all changed files are, answers it, and goes back.</summary>
    private static async Task AmongChangedFilesAsync(ViewerPage ben)
    {
        await ben.Conversation.FocusAsync();
        await ben.Page.Keyboard.PressAsync("c");
        ILocator file = ben.Page.Locator(".changed-file");
        await Assertions.Expect(file.Locator(".thread")).ToHaveCountAsync(1);
        await Assertions.Expect(file.Locator(".line-link.is-commented")).ToHaveCountAsync(1);
        await Button(ben, ".changed-file", "Answer Guest").ClickAsync();
        await SayAsync(ben, "The third.");
        await Button(ben, ".changed-file", "Remove the comment").ClickAsync();
        await Assertions.Expect(file.Locator(".comment")).ToHaveCountAsync(1);
        await file.Locator(".line-link").First.ClickAsync();
        await Button(ben, ".changed-file", "Comment on line").ClickAsync();
        await SayAsync(ben, "And here?");
        await Assertions.Expect(file.Locator(".thread")).ToHaveCountAsync(2);
        await Assertions.Expect(file.Locator(".line-link.is-commented")).ToHaveCountAsync(2);
        await Button(ben, ".changed-file .thread:last-child", "Remove the comment").ClickAsync();
        await Assertions.Expect(file.Locator(".thread")).ToHaveCountAsync(1);
        await ben.Conversation.FocusAsync();
        await ben.Page.Keyboard.PressAsync("c");
        await Assertions.Expect(file).ToHaveCountAsync(0);
    }

    private async Task PicturesAsync(ViewerPage page)
    {
        foreach ((string name, ColorScheme colors, int width, int height) in new[]
        {
            ("comments-dark", ColorScheme.Dark, 1120, 720), ("comments-phone", ColorScheme.Light, 390, 780),
            ("comments", ColorScheme.Light, 1120, 720),
        })
        {
            await page.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = colors });
            await page.Page.SetViewportSizeAsync(width, height);
            await page.SettleAsync();
            Assert.Empty(await Axe.ViolationsAsync(page.Page));
            Assert.True(await page.Page.EvaluateAsync<bool>(
                "() => document.documentElement.scrollWidth <= innerWidth"), name);
            await page.TakeAsync(Folder, name, timeout);
        }
    }

    internal static ILocator Button(ViewerPage page, string row, string name) => page.Page.Locator(row).First
        .GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = name });

    internal static async Task SayAsync(ViewerPage page, string text, string button = "Send")
    {
        ILocator field = page.Page.Locator("textarea[data-draft]");
        await Assertions.Expect(field).ToBeFocusedAsync();
        await field.FillAsync(text);
        await page.Page.Locator(".draft").GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = button })
            .ClickAsync();
        await Assertions.Expect(field).ToHaveCountAsync(0);
    }

    private static (string Kind, string Key, JsonNode Data) Edit() => Docs.Tool(
        "prt_e1", "msg_000000b", "edit", new JsonObject
        {
            ["filePath"] = "a.txt", ["oldString"] = "one\ntwo\n", ["newString"] = "one\nthree\n",
        }, "");
}
