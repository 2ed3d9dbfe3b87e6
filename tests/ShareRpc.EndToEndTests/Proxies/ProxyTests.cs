using ShareRpc.EndToEndTests.Viewer;

namespace ShareRpc.EndToEndTests.Proxies;

/// <summary>The server behind real TLS proxies, with the configurations that docs/deploy.md shows.</summary>
[Trait("Suite", "Deep")]
public sealed class ProxyTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private const string Connect = """
        address => new Promise(done => {
            const socket = new WebSocket(address, 'sharerpc.v1.json');
            socket.onopen = () => done('open');
            socket.onerror = () => done('refused');
        })
        """;

    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(8)).Token;

    [ProxyFact]
    public async Task A_link_opens_behind_nginx_and_Caddy_at_the_root_and_below_a_path()
    {
        await OpensAsync((server, stop) => TlsProxy.StartNginxAsync(server, "/", keepsPrefix: false, stop));
        await OpensAsync((server, stop) => TlsProxy.StartNginxAsync(server, "/shares/", keepsPrefix: false, stop));
        await OpensAsync((server, stop) => TlsProxy.StartNginxAsync(server, "/shares/", keepsPrefix: true, stop));
        await OpensAsync((server, stop) => TlsProxy.StartCaddyAsync(server, "/", stop));
        await OpensAsync((server, stop) => TlsProxy.StartCaddyAsync(server, "/shares/", stop));
    }

    private async Task OpensAsync(Func<Uri, CancellationToken, Task<TlsProxy>> start)
    {
        await using var world = new World();
        await using TlsProxy proxy = await start(world.Server, timeout);
        string address = proxy.Address.AbsoluteUri.TrimEnd('/');
        await world.StartServerAsync(null, ["--public-url", address, "--trust-proxy", "127.0.0.1"], timeout);
        await using LiveShare live = await LiveShare.OnAsync(world, timeout);
        await live.PutAsync(Docs.User("m1", 1), Docs.Text("p1", "m1", "Seen through the proxy"));
        string link = (await live.InviteAsync()).Link.Replace(
            world.Server.GetLeftPart(UriPartial.Authority), address, StringComparison.Ordinal);

        await using ViewerPage page = await browser.OpenAsync(proxy.Address, link);
        await page.SeesAsync("Seen through the proxy");
        await page.IsLiveAsync();
        Assert.Equal("open", await page.Page.EvaluateAsync<string>(
            Connect, address.Replace("https://", "wss://", StringComparison.Ordinal) + "/rpc"));
        await live.AppendAsync("p1", ", and what comes later");
        await page.SeesAsync("and what comes later");
        Assert.Empty(page.Faults);

        // The tool and the admin page take the same way.
        await page.GoAsync(address + "/admin/");
        await page.SeesAsync("token");
        Assert.Empty(page.Faults);
    }
}
