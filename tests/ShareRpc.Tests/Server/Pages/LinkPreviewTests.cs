using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server.Http;

namespace ShareRpc.Tests.Server.Pages;

/// <summary>What the owner lets previews of a link say.</summary>
public sealed class LinkPreviewTests : IAsyncLifetime
{
    private static readonly HttpClient Http = new();
    private LiveServer live = null!;
    private ShareToken owner = null!;
    private WireHandle handle = null!;
    private string shareId = "";

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync();
        owner = await live.CreateShareAsync();
        handle = await live.RedeemShareAsync(owner);
        shareId = handle.Redemption.GetProperty("share_id").GetString()!;
    }

    public async Task DisposeAsync() => await live.DisposeAsync();

    [Fact]
    public async Task A_preview_says_what_the_owner_chose_and_for_this_share_alone()
    {
        string query = await SignAsync("""{"title":"Fix <b>","description":"Two \"questions\""}""");
        string page = await PageAsync(shareId, query);
        Assert.Contains("<title>Fix &lt;b&gt;</title>", page, StringComparison.Ordinal);
        Assert.Contains("content=\"Two &quot;questions&quot;\"", page, StringComparison.Ordinal);
        string plain = await PageAsync(shareId, "");
        Assert.Equal(plain, await PageAsync(RandomId.New(), query));
        Assert.Equal(plain, await PageAsync(RandomId.New(), ""));
    }

    [Fact]
    public async Task What_is_not_signed_is_as_if_it_were_not_there()
    {
        string plain = await PageAsync(shareId, "");
        string query = await SignAsync("""{"title":"Title"}""");
        char last = query[^1] == 'A' ? 'B' : 'A';
        string[] forged =
        [
            "p=", "p=Title", "p=.", "p=e30.AAAA", "p=%00.%00", query[..^3], query + "A", "p=" + query[3..],
            query.Replace(".", $"{last}.", StringComparison.Ordinal), $"{query}&{query}", $"p={new string('x', 5_000)}",
        ];
        foreach (string each in forged) Assert.Equal(plain, await PageAsync(shareId, each));
    }

    [Fact]
    public async Task It_tells_nothing_of_the_share_and_of_its_links()
    {
        string query = await SignAsync("""{"title":"Title"}""");
        string before = await PageAsync(shareId, query);
        WireHandle root = await live.RedeemRootAsync();
        await root.ResultAsync("revokeCapability", $$"""{"cap_id":"{{owner.CapId}}"}""");
        Assert.Equal(before, await PageAsync(shareId, query));
        await root.ResultAsync("deleteShare", $$"""{"share_id":"{{shareId}}"}""");
        Assert.Equal(before, await PageAsync(shareId, query));
    }

    [Theory]
    [InlineData("""{"title":""}""")]
    [InlineData("""{"title":null}""")]
    [InlineData("""{"title":"two\nlines"}""")]
    [InlineData("""{"title":"T","description":"two\nlines"}""")]
    public async Task A_text_is_one_short_line(string body)
    {
        using ShareOverHttp share = Share(owner);
        Assert.Equal("invalid_params", await share.RefusalAsync(share.PreviewAsync(body), 400));
        string longer = $$"""{"title":"{{new string('x', 121)}}"}""";
        Assert.Equal("invalid_params", await share.RefusalAsync(share.PreviewAsync(longer), 400));
    }

    [Fact]
    public async Task A_link_that_may_not_invite_signs_none()
    {
        using ShareOverHttp guest = Share(await LiveServer.AttenuateAsync(handle, Rights.Read));
        Assert.Equal("forbidden", await guest.RefusalAsync(guest.PreviewAsync("""{"title":"T"}"""), 403));
    }

    private ShareOverHttp Share(ShareToken token) => new(live.Server.Address, shareId, token, live.Timeout);

    private async Task<string> SignAsync(string body)
    {
        using ShareOverHttp share = Share(owner);
        return (await share.JsonAsync(share.PreviewAsync(body))).GetProperty("query").GetString()!;
    }

    private Task<string> PageAsync(string share, string query) =>
        Http.GetStringAsync(new Uri(live.Server.Address, $"/s/{share}?{query}"), live.Timeout);
}
