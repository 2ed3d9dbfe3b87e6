using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Http;

/// <summary>
/// Grants for programs without a connection: over HTTP every request is a use, and there is no place for a passphrase.
/// </summary>
public sealed class GrantsOverHttpTests : IAsyncLifetime
{
    private readonly ShareToken grant = ShareToken.New(RandomId.New());
    private string nothing = null!;
    private LiveServer live = null!;
    private WireHandle owner = null!;

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync(serverLimits: ServerLimits.Default with { GrantsPerLink = 1 });
        owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        string id = owner.Redemption.GetProperty("share_id").GetString()!;
        nothing = $$$"""{"share_id":"{{{id}}}","rights":["read"],"caveats":{}}""";
    }

    public async Task DisposeAsync() => await live.DisposeAsync();

    [Fact]
    public async Task A_grant_of_a_counted_link_makes_requests_that_are_no_uses()
    {
        ShareToken once = await LiveServer.AttenuateAsync(owner, Rights.Read, """{"max_uses":1}""");
        using ShareOverHttp link = With(once);
        JsonElement made = await link.JsonAsync(link.GrantAsync(grant));
        Assert.Equal(grant.CapId, made.GetProperty("cap_id").GetString());
        Assert.True(
            made.GetProperty("expires_at_ms").GetInt64() > TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        Assert.Equal("capability_used_up", await link.RefusalAsync(link.OpsAsync(), 403));
        Assert.Equal(made.GetRawText(), (await link.JsonAsync(link.GrantAsync(grant))).GetRawText());
        using ShareOverHttp back = With(grant);
        for (int i = 0; i < 3; i++) await back.JsonAsync(back.OpsAsync());
        JsonElement again = await back.JsonAsync(back.GrantAsync(ShareToken.New(RandomId.New())));
        Assert.False(again.TryGetProperty("cap_id", out _));
        Assert.Equal(JsonValueKind.Number, again.GetProperty("caveats").GetProperty("expires_at_ms").ValueKind);
    }

    [Fact]
    public async Task A_page_that_polls_learns_what_the_link_hides_and_when_it_ends()
    {
        const string caveats = """{"expires_at_ms":4102444800000,"redact":["tools"]}""";
        using ShareOverHttp link = With(await LiveServer.AttenuateAsync(owner, Rights.Read, caveats));
        JsonElement answer = await link.JsonAsync(link.GrantAsync(grant));
        Assert.Equal(caveats, answer.GetProperty("caveats").GetRawText());
        Assert.Equal("""["read"]""", answer.GetProperty("rights").GetRawText());
    }

    [Fact]
    public async Task A_locked_link_is_used_over_http_by_its_grant()
    {
        ShareToken locked = await LiveServer.AttenuateAsync(owner, Rights.Read, passphrase: "open sesame");
        using ShareOverHttp link = With(locked);
        Assert.Equal("passphrase_required", await link.RefusalAsync(link.OpsAsync(), 403));
        Assert.Equal("passphrase_required", await link.RefusalAsync(link.GrantAsync(grant), 403));
        Assert.Equal("passphrase_required",
            await link.RefusalAsync(link.GrantAsync(grant, ""","passphrase":"x" """), 403));
        await link.JsonAsync(link.GrantAsync(grant, ""","passphrase":"open sesame" """));
        using ShareOverHttp back = With(grant);
        await back.JsonAsync(back.OpsAsync());
        await owner.ResultAsync("revokeCapability", $$"""{"cap_id":"{{grant.CapId}}"}""");
        JsonElement ended = await back.JsonAsync(back.OpsAsync(), 403);
        Assert.Equal(("capability_revoked", "redeem"),
            (ended.GetProperty("code").GetString(), ended.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task A_link_that_needs_none_gives_none_and_one_with_too_many_refuses_and_counts_nothing()
    {
        using ShareOverHttp plain = With(await LiveServer.AttenuateAsync(owner, Rights.Read));
        Assert.Equal(nothing, (await plain.JsonAsync(plain.GrantAsync(grant))).GetRawText());
        using ShareOverHttp link = With(await LiveServer.AttenuateAsync(owner, Rights.Read, """{"max_uses":2}"""));
        await link.JsonAsync(link.GrantAsync(grant));
        Assert.Equal("overloaded", await link.RefusalAsync(link.GrantAsync(ShareToken.New(RandomId.New())), 503));
        await link.JsonAsync(link.OpsAsync());
        Assert.Equal("capability_used_up", await link.RefusalAsync(link.OpsAsync(), 403));
    }

    [Fact]
    public async Task Wrong_tokens_bad_bodies_and_tokens_of_the_server_make_no_grant()
    {
        using ShareOverHttp wrong = With(ShareToken.New(RandomId.New()));
        Assert.Equal("invalid_token", await wrong.RefusalAsync(wrong.GrantAsync(grant), 401));
        using ShareOverHttp link = With(await LiveServer.AttenuateAsync(owner, Rights.Read, """{"max_uses":1}"""));
        string[] bodies =
        [
            "", "null", "[]", "{}", $$"""{"cap_id":"{{grant.CapId}}"}""",
                $$"""{"cap_id":"x","token_digest":"{{grant.Digest}}"}""",
            $$"""{"cap_id":"{{grant.CapId}}","token_digest":"x"}""",
        ];
        foreach (string body in bodies) Assert.Equal("invalid_params",
            await link.RefusalAsync(link.GrantAsync(body), 400));
        using ShareOverHttp root = With(live.RootToken);
        Assert.Equal("forbidden", await root.RefusalAsync(root.GrantAsync(grant), 403));
        await link.JsonAsync(link.GrantAsync(grant));
    }

    private ShareOverHttp With(ShareToken token) =>
        new(live.Server.Address, owner.Redemption.GetProperty("share_id").GetString()!, token, live.Timeout);
}
