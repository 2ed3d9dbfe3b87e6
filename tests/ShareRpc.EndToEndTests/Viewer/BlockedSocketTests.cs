using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>Pages where no WebSocket reaches the server: its address is wrong, which a page cannot tell.</summary>
[Collection(ViewerCollection.Name)]
public sealed class BlockedSocketTests(BrowserFixture browser)
{
    private const string Blocked = """
        const Socket = window.WebSocket;
        window.WebSocket = class extends Socket { constructor(url, protocols) { super(url + '/none', protocols); } };
        """;

    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task A_locked_and_counted_link_is_followed_by_plain_requests_and_it_is_quietly_said()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        (string link, string capId) = await live.InviteAsync(new JsonObject { ["max_uses"] = 1 }, "open sesame");
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, link, script: Blocked);
        await viewer.Page.GetByLabel("Passphrase").FillAsync("open sesame");
        await viewer.Page.Keyboard.PressAsync("Enter");

        await viewer.SeesAsync("Answer 1");
        await viewer.IsLiveAsync();
        await viewer.SeesAsync("News come by plain requests. WebSockets do not get through to this server");
        await live.PutAsync(Docs.User("msg_z", 1000), Docs.Text("prt_z", "msg_z", "Came by a plain request"));
        await viewer.SeesAsync("Came by a plain request");
        await viewer.Page.ReloadAsync();
        await viewer.SeesAsync("Came by a plain request");
        Assert.Single(await live.GrantsAsync(capId));

        await live.RevokeAsync(capId);

        await viewer.SeesAsync("This link has been revoked");
        Assert.Empty(viewer.Faults);
    }

    [BrowserFact]
    public async Task A_reader_comments_by_plain_requests()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(1)]);
        (string link, _) = await live.InviteAsync(null, null, "read", "comment");
        await using ViewerPage plain = await browser.OpenAsync(live.Server, link, script: Blocked);
        await using ViewerPage other = await browser.OpenAsync(live.Server, link);
        await plain.SeesAsync("News come by plain requests");
        await CommentsTests.Button(plain, ".row-user", "Comment on this message").ClickAsync();
        await CommentsTests.SayAsync(plain, "By a plain request.");
        await other.SeesAsync("By a plain request.");
        await plain.SeesAsync("By a plain request.");
        await CommentsTests.Button(plain, ".row-user", "Remove the comment").ClickAsync();
        await Assertions.Expect(other.Page.Locator(".comment")).ToHaveCountAsync(0);
        await Assertions.Expect(CommentsTests.Button(other, ".row-user", "Remove the comment")).ToHaveCountAsync(0);
        Assert.Empty(plain.Faults);
    }

    [BrowserFact]
    public async Task A_link_of_opencode_opens_and_a_refused_origin_is_named_on_both_pages()
    {
        const string reason = "Pages of http://a.example may not connect: this server is reached as http://b.example.";
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Docs.Conversation(2)]);
        string link = (await live.InviteAsync()).Link;
        string token = link[(link.IndexOf('#', StringComparison.Ordinal) + 1)..];
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, "about:blank", script: Blocked);
        await viewer.Page.RouteAsync("**/rpc", route => route.FulfillAsync(
            new RouteFulfillOptions { Status = 403, ContentType = "text/plain", Body = reason }));
        await viewer.GoAsync(new Uri(live.Server, $"/share/{token}").AbsoluteUri);

        await viewer.SeesAsync("Answer 1");
        await viewer.SeesAsync(reason);
        Assert.Equal(link[..link.IndexOf('#', StringComparison.Ordinal)], viewer.Page.Url);
        await viewer.GoAsync(new Uri(live.Server, "/admin").AbsoluteUri);
        await viewer.Page.GetByLabel("Token or link").FillAsync(token);
        await viewer.Page.Keyboard.PressAsync("Enter");
        await viewer.SeesAsync(reason);
        Assert.Empty(viewer.Faults);
    }
}
