using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>Whatever a session holds, it does nothing to the page or its reader.</summary>
[Collection(ViewerCollection.Name)]
public sealed class HostileContentTests(BrowserFixture browser)
{
    private const string Forged =
        "</pre><header class=\"top\"><h1>Forged</h1></header><script>globalThis.owned = 1</script>";

    private static readonly string[] Texts =
    [
        "<script>globalThis.owned = 1</script><img src=x onerror=\"globalThis.owned = 1\">",
        "[click](javascript:globalThis.owned=1) ![pixel](https://tracker.example/pixel.png) <img "
            + "src=https://tracker.example/x>",
        "<style>body{display:none}</style><iframe src=https://tracker.example></iframe><svg/onload=globalThis.owned=1>",
        "access ‮⁦user⁩ ⁦",
        "```\nnever closed <script>globalThis.owned = 1</script>",
        "| a |\n|---|\n" + "| <b onmouseover=globalThis.owned=1>x</b> |\n",
    ];

    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [BrowserFact]
    public async Task Hostile_content_renders_inert()
    {
        await using LiveShare live = await browser.ShareAsync(timeout);
        await live.PutAsync([.. Session()]);
        await using ViewerPage viewer = await browser.OpenAsync(live.Server, (await live.InviteAsync()).Link);
        await viewer.IsLiveAsync();
        await viewer.SeesAsync("end of hostile content");
        await viewer.ScrollToAsync(0);
        await viewer.SeesAsync("⟨U+202E⟩");
        foreach (ILocator head in await viewer.Page.Locator(".tool-head[aria-expanded=false]").AllAsync())
            await head.ClickAsync();

        Assert.False(await viewer.Page.EvaluateAsync<bool>("() => 'owned' in globalThis"));
        Assert.Equal(1, await viewer.Page.Locator("header.top").CountAsync());
        Assert.Equal(0, await viewer.Page.Locator(
            ".scroller :is(script, iframe, style, form, object, svg:not(.icon))").CountAsync());
        const string Live = ".scroller a[href^='javascript'], .scroller [onmouseover], .scroller [onerror]";
        Assert.Equal(0, await viewer.Page.Locator(Live).CountAsync());
        Assert.Equal(0, await viewer.Page.Locator(".scroller img:not([src^='data:image/png'])").CountAsync());
        Assert.True(await viewer.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"));
        Assert.Empty(viewer.Faults);
    }

    /// <summary>A session that tries all of it.</summary>
    internal static IEnumerable<(string Kind, string Key, JsonNode Data)> Session() =>
        [.. Docs.Conversation(1, "<img src=x onerror=globalThis.owned=1>"), .. Hostile()];

    private static IEnumerable<(string Kind, string Key, JsonNode Data)> Hostile()
    {
        const string message = "msg_000000b";
        for (int i = 0; i < Texts.Length; i++) yield return Docs.Text($"prt_h{i}", message, Texts[i]);
        yield return Docs.Tool("prt_t1", message, Forged, new JsonObject { ["command"] = Forged, [Forged] = Forged },
            Forged);
        yield return Docs.Tool("prt_t2", message, "bash", new JsonObject { ["command"] = "x" }, new string('x', 300_000)
            + Forged);
        yield return Docs.Tool("prt_t3", message, "edit",
            new JsonObject { ["filePath"] = Forged, ["newString"] = Forged }, Forged);
        yield return File("prt_f1", "data:text/html,<script>globalThis.owned=1</script>");
        yield return File("prt_f2",
            "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='globalThis.owned=1'/>");
        yield return File("prt_f3", "javascript:globalThis.owned=1");
        yield return File("prt_f4", "data:image/png;base64,iVBORw0KGgo=");
        yield return ("part", "prt_odd",
            new JsonObject { ["messageID"] = message, ["type"] = Forged, ["text"] = new JsonArray(1, 2) });
        yield return ("message", "msg_odd",
            new JsonObject { ["role"] = new JsonObject(), ["time"] = "never", ["error"] = Forged });
        yield return ("todo", "ses_1",
            new JsonArray(null, 5, new JsonObject { ["content"] = Forged, ["status"] = "<b>" }));
        yield return ("session_diff", "ses_1",
            new JsonArray(null, new JsonObject { ["file"] = Forged, ["patch"] = Forged }));
        yield return Docs.User("msg_y", 900);
        yield return Docs.Text("prt_y", "msg_y", "end of hostile content");

        static (string Kind, string Key, JsonNode Data) File(string id, string url) => ("part", id, new JsonObject
        {
            ["messageID"] = message, ["type"] = "file", ["filename"] = "../../" + Forged, ["mime"] = Forged,
            ["url"] = url,
        });
    }
}
