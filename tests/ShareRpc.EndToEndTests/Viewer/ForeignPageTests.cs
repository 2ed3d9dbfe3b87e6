using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>What a page of somebody else's site can do with the browser of a reader.</summary>
public sealed class ForeignPageTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private const string Connect = """
        address => new Promise(done => {
            const socket = new WebSocket(address, 'sharerpc.v1.json');
            socket.onopen = () => done('open');
            socket.onerror = () => done('refused');
        })
        """;

    private const string Fetch = "address => fetch(address).then(answer => `read ${answer.status}`, () => 'refused')";

    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(4)).Token;

    [BrowserFact]
    public async Task A_page_of_another_origin_gets_no_socket_and_no_answer_and_the_servers_own_page_does()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        string origin = live.Server.GetLeftPart(UriPartial.Authority);
        string socket = origin.Replace("http://", "ws://", StringComparison.Ordinal) + "/rpc";
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        Assert.Equal("open", await viewer.Page.EvaluateAsync<string>(Connect, socket));

        const string Foreign = "http://foreign.example/";
        await viewer.Page.RouteAsync(Foreign, route => route.FulfillAsync(new RouteFulfillOptions
        {
            ContentType = "text/html", Body = "<title>elsewhere</title>",
        }));
        await viewer.GoAsync(Foreign);
        var said = new ConcurrentQueue<string>();
        viewer.Page.Console += (_, message) => said.Enqueue(message.Text);

        Assert.Equal("refused", await viewer.Page.EvaluateAsync<string>(Connect, socket));
        Assert.Contains(said, text => text.Contains("403", StringComparison.Ordinal)); // by the server, not by the browser
        Assert.Equal("refused", await viewer.Page.EvaluateAsync<string>(Fetch, origin + "/healthz"));
    }
}
