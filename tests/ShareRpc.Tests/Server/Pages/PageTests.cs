using System.Net;
using System.Text.RegularExpressions;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Pages;

namespace ShareRpc.Tests.Server.Pages;

public sealed partial class PageTests : IAsyncLifetime, IDisposable
{
    private readonly HttpClient http =
        new(new HttpClientHandler { AutomaticDecompression = DecompressionMethods.None });
    private LiveServer live = null!;

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync();
        http.BaseAddress = live.Server.Address;
    }

    public async Task DisposeAsync() => await live.DisposeAsync();

    public void Dispose() => http.Dispose();

    [Fact]
    public async Task The_page_of_a_link_is_the_same_for_every_link_and_runs_only_what_the_server_itself_serves()
    {
        var pages = new HashSet<string>();
        foreach (string path in new[] { $"/share/{ShareToken.New(RandomId.New()).Reveal()}", $"/s/{RandomId.New()}",
            "/share/x" })
        {
            using HttpResponseMessage page = await http.GetAsync(new Uri(path, UriKind.Relative), live.Timeout);
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
            pages.Add(await page.Content.ReadAsStringAsync(live.Timeout));
            Assert.Equal("no-store", page.Headers.CacheControl?.ToString());
            Assert.Equal("no-referrer", Assert.Single(page.Headers.GetValues("Referrer-Policy")));
            Assert.Equal("nosniff", Assert.Single(page.Headers.GetValues("X-Content-Type-Options")));
            Assert.Contains("noindex", Assert.Single(page.Headers.GetValues("X-Robots-Tag")), StringComparison.Ordinal);
            Assert.False(page.Headers.Contains("Access-Control-Allow-Origin"));
            AssertStrict(Assert.Single(page.Headers.GetValues("Content-Security-Policy")));
        }

        string html = Assert.Single(pages);
        Assert.Contains("noindex", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http://", html, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", html, StringComparison.Ordinal);
        Assert.DoesNotMatch(new Regex("<script(?![^>]* src=)|<style|\\son[a-z]+="), html);
    }

    [PagesTheory]
    [InlineData("/admin")]
    [InlineData("/s/AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("/share/x%25?utm_source=x")]
    public async Task An_address_with_a_slash_at_its_end_leads_to_the_one_without(string address)
    {
        string[] parts = address.Split('?');
        string withSlash = string.Join('?', [parts[0] + "/", .. parts[1..]]);
        using HttpResponseMessage page = await http.GetAsync(new Uri(withSlash, UriKind.Relative), live.Timeout);

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal(new Uri(live.Server.Address, address), page.RequestMessage!.RequestUri);
    }

    [PagesFact]
    public async Task What_a_page_loads_is_there_for_ever_and_compressed_where_the_browser_takes_it()
    {
        foreach (string path in new[] { $"/s/{RandomId.New()}", "/share/x", "/admin" })
        {
            var page = new Uri(live.Server.Address, path);
            string[] loaded = [.. Loaded().Matches(await http.GetStringAsync(page, live.Timeout)).Select(match =>
                match.Groups[1].Value)];
            Assert.NotEmpty(loaded);
            foreach (string name in loaded)
            {
                using HttpResponseMessage asset = await http.GetAsync(new Uri(page, name), live.Timeout);
                Assert.Equal(HttpStatusCode.OK, asset.StatusCode);
                Assert.Equal("public, max-age=31536000, immutable", asset.Headers.GetValues("Cache-Control").Single());
                Assert.Contains(asset.Content.Headers.ContentType?.MediaType,
                    new[] { "text/javascript", "text/css", "image/svg+xml" });
                Assert.Equal("nosniff", Assert.Single(asset.Headers.GetValues("X-Content-Type-Options")));
            }
        }
    }

    [PagesTheory]
    [InlineData("br, gzip", "br")]
    [InlineData("gzip, deflate", "gzip")]
    [InlineData("br;q=0, gzip;q=0.5", "gzip")]
    [InlineData("identity", null)]
    public async Task An_asset_comes_in_an_encoding_that_the_browser_takes(string accepted, string? expected)
    {
        string name = PageFiles.Embedded.AssetNames.MaxBy(asset => PageFiles.Embedded.Asset(asset)!.Plain.Length)!;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/assets/{name}");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        using HttpResponseMessage asset = await http.SendAsync(request, live.Timeout);
        Assert.Equal(expected, asset.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Equal("Accept-Encoding", asset.Headers.Vary.Single());
        byte[] body = await asset.Content.ReadAsByteArrayAsync(live.Timeout);
        Assert.Equal(expected is null, body.Length == PageFiles.Embedded.Asset(name)!.Plain.Length);
    }

    [PagesFact]
    public void The_first_load_of_each_page_is_under_150_kB_compressed()
    {
        foreach (PageFile page in new[] { PageFiles.Embedded.Viewer, PageFiles.Embedded.Admin! })
        {
            string html = System.Text.Encoding.UTF8.GetString(page.Plain);
            IEnumerable<PageFile> assets = Loaded().Matches(html)
                .Select(match => PageFiles.Embedded.Asset(match.Groups[1].Value.Split('/')[^1])!);
            Assert.InRange(page.Plain.Length + assets.Sum(asset => (asset.Gzip ?? asset.Plain).Length), 1, 150_000);
        }
    }

    [Theory]
    [InlineData("/assets/nothing.js")]
    [InlineData("/assets/..%2fviewer.html")]
    [InlineData("/assets/viewer.html")]
    public async Task A_file_that_is_no_asset_is_not_there(string path)
    {
        using HttpResponseMessage answer = await http.GetAsync(new Uri(path, UriKind.Relative), live.Timeout);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.NotEqual("public, max-age=31536000, immutable", answer.Headers.CacheControl?.ToString());
    }

    [Fact]
    public async Task A_host_that_is_no_plain_name_gets_into_no_policy()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/s/x");
        request.Headers.TryAddWithoutValidation("Host", "a'b");
        using HttpResponseMessage page = await http.SendAsync(request, live.Timeout);
        if (page.StatusCode == HttpStatusCode.BadRequest) return; // the web server itself has refused it
        Assert.DoesNotContain("a'b", Assert.Single(page.Headers.GetValues("Content-Security-Policy")),
            StringComparison.Ordinal);
    }

    private void AssertStrict(string policy)
    {
        string host = live.Server.Address.Authority;
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
            + $"connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'none'; frame-ancestors "
                + "'none'; "
            + "worker-src 'self'; require-trusted-types-for 'script'; trusted-types lit-html dompurify sharerpc-worker",
            policy);
    }

    [GeneratedRegex("(?:src|href)=\"([^\"]*assets/[^\"]+)\"")]
    private static partial Regex Loaded();
}
