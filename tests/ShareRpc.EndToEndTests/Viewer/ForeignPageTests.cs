using System.Collections.Concurrent;

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

    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task A_page_of_another_origin_gets_no_socket_and_no_answer_and_the_servers_own_page_does()
    {
        await using LiveShare live = await LiveShare.StartAsync(timeout);
        string origin = live.Server.GetLeftPart(UriPartial.Authority);
        string socket = origin.Replace("http://", "ws://", StringComparison.Ordinal) + "/rpc";
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        Assert.Equal("open", await viewer.Page.EvaluateAsync<string>(Connect, socket));

        // Another port is another origin, and as near as this one: nothing but the server is in the way.
        await using var elsewhere = new World();
        await elsewhere.StartServerAsync(null, timeout);
        await viewer.GoAsync(new Uri(elsewhere.Server, "/healthz").ToString());
        var said = new ConcurrentQueue<string>();
        viewer.Page.Console += (_, message) => said.Enqueue(message.Text);

        Assert.Equal("refused", await viewer.Page.EvaluateAsync<string>(Connect, socket));
        bool isByServer = said.Any(text => text.Contains("403", StringComparison.Ordinal));
        Assert.True(isByServer, $"not by the server: {string.Join(' ', said)}");
        Assert.Equal("refused", await viewer.Page.EvaluateAsync<string>(Fetch, origin + "/healthz"));
    }
}
