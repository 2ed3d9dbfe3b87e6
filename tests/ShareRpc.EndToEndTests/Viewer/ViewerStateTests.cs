using System.Text.Json.Nodes;
using Microsoft.Playwright;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>What the page says when there is no session to show, or none that goes on.</summary>
[Collection(ViewerCollection.Name)]
public sealed class ViewerStateTests(BrowserFixture browser)
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task A_wrong_token_is_not_there_yet_or_not_valid_and_is_tried_again()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        string wrong =
            $"{live.Server.GetLeftPart(UriPartial.Authority)}/s/{RandomId.New()}"
            + $"#{ShareToken.New(RandomId.New()).Reveal()}";
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, wrong);

        await viewer.SeesAsync("Not there yet, or not a valid link");
        await viewer.SeesAsync("Trying again");
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task An_address_without_a_token_asks_for_the_whole_link_and_opens_it()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        string link = (await live.InviteAsync()).Link;
        string permalink = link[..link.IndexOf('#', StringComparison.Ordinal)] + "#m-msg_1";
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, permalink);
        await viewer.SeesAsync("The key of this link is missing");

        await viewer.Page.GetByLabel("Link").FillAsync(link);
        await viewer.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Open" }).ClickAsync();

        await viewer.SeesAsync("Answer 1");
        Assert.DoesNotContain("srpc_", viewer.Page.Url, StringComparison.Ordinal);
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task An_expired_link_has_a_page_of_its_own()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        (string link, _) = await live.InviteAsync(new JsonObject { ["expires_at_ms"] = 1 });
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, link);

        await viewer.SeesAsync("This link has expired");
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task A_suspended_link_says_so_and_opens_once_it_is_resumed()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        (string link, string capId) = await live.InviteAsync();
        await live.SuspendAsync(capId);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, link);
        await viewer.SeesAsync("This link is suspended");

        await live.ResumeAsync(capId);

        await viewer.SeesAsync("Answer 1");
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task A_used_up_link_has_a_page_of_its_own()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        (string link, _) = await live.InviteAsync(new JsonObject { ["max_uses"] = 1 });
        await using (ViewerPage first = await browser.OpenAsync(live.Server, link)) await first.SeesAsync("Answer 1");
        await using ViewerPage second = await browser.OpenAsync(live.Server, link);

        await second.SeesAsync("This link has been used up");
        Assert.Empty(second.Faults);
    }

    [BrowserFact]
    public async Task A_deleted_session_has_a_page_of_its_own_and_an_open_page_becomes_it()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        string link = (await live.InviteAsync()).Link;
        await using ViewerPage open = await browser.OpenAsync(live.Server, link);
        await open.SeesAsync("Answer 1");

        await live.DeleteAsync();

        await open.SeesAsync("This session has been deleted");
        Assert.DoesNotContain("Answer", await open.Page.ContentAsync(), StringComparison.Ordinal);
        await using ViewerPage later = await browser.OpenAsync(live.Server, link);
        await later.SeesAsync("This session has been deleted");
        Assert.Empty(open.Faults);
        Assert.Empty(later.Faults);
    }

    [BrowserFact]
    public async Task A_passphrase_is_asked_for_and_a_wrong_one_is_told()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        (string link, _) = await live.InviteAsync(passphrase: "open sesame");
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, link);
        ILocator field = viewer.Page.GetByLabel("Passphrase");
        await field.FillAsync("wrong");
        await field.PressAsync("Enter");
        await viewer.SeesAsync("That was not it");

        await field.FillAsync("open sesame");
        await field.PressAsync("Enter");

        await viewer.SeesAsync("Answer 1");
        Assert.False(await viewer.Page.EvaluateAsync<bool>("() => JSON.stringify(sessionStorage).includes('sesame')"));
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task An_ended_session_stays_readable_and_says_that_it_has_ended()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        await viewer.IsLiveAsync();

        await live.EndAsync();

        await Assertions.Expect(viewer.Status).ToContainTextAsync("Ended",
            new LocatorAssertionsToContainTextOptions { Timeout = 60_000 });
        await viewer.SeesAsync("This session has ended.");
        await viewer.SeesAsync("Answer 1");
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task A_link_opens_in_whatever_form_it_arrives_from_the_address_bar_and_from_the_field()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        string link = (await live.InviteAsync()).Link;
        string[] forms =
        [
            link.Replace("#", "%23", StringComparison.Ordinal), $"{link}).",
            link.Replace("#", "/?utm_source=x#", StringComparison.Ordinal),
        ];
        foreach (string form in forms)
        {
            await using ViewerPage viewer = await browser.OpenAsync(live.Server, form);
            await viewer.SeesAsync("Answer 1");
            Assert.DoesNotContain("srpc_", viewer.Page.Url, StringComparison.Ordinal);
            await viewer.GoAsync(live.Server + "s/none");
            await viewer.Page.GetByLabel("Link").FillAsync($"See <{form}>");
            await viewer.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Open" }).ClickAsync();
            await viewer.SeesAsync("Answer 1");
            Assert.Empty(viewer.Faults);
        }

        // A browser sends an encoded # to the server, with the token behind it.
        Tool server = live.World.ServerProcess!;
        Assert.DoesNotContain("srpc_", server.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Lines, line => line.Contains("srpc_", StringComparison.Ordinal));
    }

    [BrowserFact]
    public async Task A_browser_that_keeps_nothing_and_lacks_what_is_new_opens_a_session()
    {
        const string script = """
            for (const name of ['localStorage', 'sessionStorage']) {
              Object.defineProperty(window, name, { get() { throw new DOMException('blocked', 'SecurityError'); } });
            }
            delete AbortSignal.any;
            Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });
            """;
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        (string link, _) = await live.InviteAsync(new JsonObject { ["max_uses"] = 1 }, "open sesame");
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, link, script: script);
        await viewer.Page.GetByLabel("Passphrase").FillAsync("open sesame");
        await viewer.Page.Keyboard.PressAsync("Enter");

        await viewer.IsLiveAsync();
        await viewer.SeesAsync("Answer 1");
        await viewer.Page.Keyboard.PressAsync("t");
        await Assertions.Expect(viewer.Page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        Assert.Empty(viewer.Faults);
    }
}
