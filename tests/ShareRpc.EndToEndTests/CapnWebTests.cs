using Microsoft.Playwright;
using ShareRpc.EndToEndTests.Viewer;

namespace ShareRpc.EndToEndTests;

/// <summary>The npm package capnweb against a real server, in Node.js and in Chromium.</summary>
[Trait("Suite", "Deep")]
public sealed class CapnWebTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly World world = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(9)).Token;
    private string rootToken = "";

    public async Task InitializeAsync()
    {
        await NodeModules.InstallAsync(timeout);
        await world.StartServerAsync(null, timeout);
        rootToken = (await File.ReadAllTextAsync(world.TokenFile, timeout)).Trim();
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    [NodeFact]
    public async Task In_Node_it_pipelines_is_called_back_disposes_and_comes_back_after_a_break()
    {
        var environment = new Dictionary<string, string?>
        {
            ["SHARERPC_TEST_SERVER"] = world.Server.GetLeftPart(UriPartial.Authority),
            ["SHARERPC_TEST_ROOT_TOKEN"] = rootToken, ["SHARERPC_SIZE"] = $"{DeepSize.Or(100)}", ["NO_COLOR"] = "1",
        };
        await using Tool tool = Tool.StartExecutable("npx", Path.Combine(OpencodeFixture.Root(), "tests", "web"),
            environment, "vitest", "run", "capnweb/");
        await tool.WaitForExitAsync(timeout);
        string said = string.Join('\n', tool.Lines);
        Assert.True(tool.ExitCode == 0, $"{said}\n{tool.Errors}");
        Assert.DoesNotContain("skipped", said, StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task In_Chromium_it_appends_reads_and_follows_in_a_session_and_in_a_batch()
    {
        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = BrowserFixture.ChromiumPath, Args = ["--no-sandbox", "--disable-gpu"], Timeout = 180_000,
        });
        IPage page = await browser.NewPageAsync();
        page.SetDefaultTimeout(180_000);
        await page.GotoAsync(new Uri(world.Server, "/healthz").AbsoluteUri);
        string package = await File.ReadAllTextAsync(
            Path.Combine(OpencodeFixture.Root(), "node_modules", "capnweb", "dist", "index.js"), timeout);

        string told = await page.EvaluateAsync<string>(
            """
            async ([source, root]) => {
              const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
              const { newWebSocketRpcSession, newHttpBatchRpcSession } = await import(url);
              const made = await (await fetch(`/a/${root}/api/share`, {
                method: 'POST', headers: { 'content-type': 'application/json' },
                body: JSON.stringify({ sessionID: 'in-a-browser' }),
              })).json();
              const batch = key => ({ batch_id: key, ops: [
                { op_id: `op-${key}`, verb: 'put', kind: 'part', key, data: { list: [1, [2]] } }] });
              const api = newWebSocketRpcSession(location.origin.replace('http', 'ws') + '/capnweb');
              const first = await api.redeemShare(made.secret).share.appendOps(batch('a'));
              const keyed = newHttpBatchRpcSession(new Request('/rpc/share', {
                method: 'POST', headers: { 'x-opencode-share-key': root } }));
              const value = await keyed.probeValue({ when: new Date(7), bytes: new Uint8Array([1, 2]) });
              const many = newHttpBatchRpcSession('/capnweb');
              const writer = many.redeemShare(made.secret).share;
              await Promise.all(Array.from({ length: 200 }, (_, i) => writer.appendOps(batch(`k${i}`))));
              const reader = api.redeemShare(made.url.split('/share/')[1]).share;
              const page = await reader.readOps({ after: first.cursor });
              const pages = [];
              const followed = reader.subscribe({ after: 199, credit: 65536 }, one => { pages.push(one); });
              await api.redeemShare(made.secret).share.endShare();
              const { cursor: end, ended } = await followed;
              const refused = await reader.appendOps(batch('z')).catch(error => error);
              return JSON.stringify({ cursor: first.cursor, ops: page.ops.length, list: page.ops[0].data.list,
                pushed: pages.flatMap(one => one.ops).length, end, ended, code: refused.code,
                when: value.when.getTime(), bytes: [...value.bytes] });
            }
            """, new[] { package, rootToken });

        Assert.Equal(
            """{"cursor":1,"ops":200,"list":[1,[2]],"pushed":2,"end":201,"ended":true,"code":"forbidden","""
            + "\"when\":7,\"bytes\":[1,2]}",
            told);
    }
}
