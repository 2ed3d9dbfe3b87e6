using System.Net;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Pages;

namespace ShareRpc.Tests.Server.Pages;

/// <summary>What a link shows to those who do not open it: previews, pages that embed it, files made of it.</summary>
public sealed class SendingTests
{
    [Fact]
    public async Task A_preview_says_what_the_operator_chose_for_every_link_alike_and_no_more()
    {
        await using LiveServer plain = await LiveServer.StartAsync();
        await using LiveServer chosen = await LiveServer.StartAsync(more: options => options with
        {
            PreviewTitle = "Sessions of \"us\" <b>", PreviewDescription = "Ask Ana",
        });
        string byDefault = await PageAsync(plain, $"/s/{RandomId.New()}");
        string named = await PageAsync(chosen, $"/s/{RandomId.New()}");
        Assert.Contains("content=\"A shared session\"", byDefault, StringComparison.Ordinal);
        Assert.Contains("<title>A shared session</title>", byDefault, StringComparison.Ordinal);
        Assert.DoesNotContain("PREVIEW_", byDefault, StringComparison.Ordinal);
        Assert.Contains("content=\"Ask Ana\"", named, StringComparison.Ordinal);
        Assert.Contains("Sessions of &quot;us&quot; &lt;b&gt;", named, StringComparison.Ordinal);
        Assert.Equal(byDefault, await PageAsync(plain, "/share/x"));
    }

    [Fact]
    public async Task No_page_may_embed_a_session_but_those_of_the_origins_that_were_named()
    {
        await using LiveServer plain = await LiveServer.StartAsync();
        await using LiveServer open = await LiveServer.StartAsync(
            more: options => options with { EmbedOrigins = ["https://wiki.example.org/"] });
        Assert.Contains("frame-ancestors 'none';", await PolicyAsync(plain), StringComparison.Ordinal);
        Assert.Contains(
            "frame-ancestors https://wiki.example.org;", await PolicyAsync(open), StringComparison.Ordinal);
    }

    [PagesFact]
    public void A_file_holds_the_documents_as_data_that_ends_no_element_and_runs_only_its_own_script()
    {
        using var file = new MemoryStream();
        const string hostile = """{"text":"</script><script>alert(1)</script><!--<SESSION>"}""";
        Assert.True(OfflinePage.Write(file, [new Document("part", "p<1", 7, RawJson.Parse(hostile))], 7));
        string html = System.Text.Encoding.UTF8.GetString(file.ToArray());
        Assert.Contains("\\u003c/script>\\u003cscript>alert(1)", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'; img-src data: blob:; base-uri 'none'", html, StringComparison.Ordinal);
        Assert.DoesNotContain("'unsafe", html, StringComparison.Ordinal);
        Assert.DoesNotContain("content=\"POLICY\"", html, StringComparison.Ordinal);
    }

    private static async Task<string> PageAsync(LiveServer live, string path)
    {
        using var http = new HttpClient { BaseAddress = live.Server.Address };
        return await http.GetStringAsync(new Uri(path, UriKind.Relative), live.Timeout);
    }

    private static async Task<string> PolicyAsync(LiveServer live)
    {
        using var http = new HttpClient { BaseAddress = live.Server.Address };
        using HttpResponseMessage page = await http.GetAsync(new Uri("/s/x", UriKind.Relative), live.Timeout);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        return Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
    }
}
