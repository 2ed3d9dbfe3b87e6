using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Protocol.Wire;
using Shared = ShareRpc.Tests.Server.Opencode.OpencodeCalls.Shared;

namespace ShareRpc.Tests.Server.Opencode;

/// <summary>opencode's four calls, over a real socket.</summary>
public sealed partial class OpencodeApiTests : IAsyncLifetime, IDisposable
{
    private const string Message =
        """{"type":"message","data":{"id":"msg_1","sessionID":"ses_1","role":"user","time":{"created":1}}}""";
    private LiveServer live = null!;
    private OpencodeCalls open = null!;
    private OpencodeCalls created = null!;

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync(more: options => options with { OpenCreation = true });
        open = new OpencodeCalls(live.Server.Address, live.Timeout);
        created = new OpencodeCalls(live.Server.Address, live.Timeout) { Base = $"/a/{live.RootToken.Reveal()}" };
    }

    public async Task DisposeAsync() => await live.DisposeAsync();

    public void Dispose()
    {
        open.Dispose();
        created.Dispose();
    }

    [Theory]
    [InlineData("/api/share", "")]
    [InlineData("/api/shares", "")]
    [InlineData("/api/share", "/a/")]
    [InlineData("/api/shares", "/a/")]
    public async Task A_session_is_shared_synced_read_and_unshared(string prefix, string start)
    {
        string path = start.Length > 0 ? start + live.RootToken.Reveal() : "";
        using var calls = new OpencodeCalls(live.Server.Address, live.Timeout) { Prefix = prefix, Base = path };
        Shared shared = await calls.ShareAsync();
        Assert.Matches(ImportableUrl(), shared.Url.ToString());
        JsonElement synced = await calls.SyncedAsync(shared, Message + """
            ,{"type":"part","data":{"id":"prt_1","messageID":"msg_1","sessionID":"ses_1","type":"text","text":"hi"}},
            {"type":"session_diff","data":[{"file":"a.txt"}]},{"type":"session","data":{"id":"ses_1","title":"T",
             "time":{"updated":1}}},
            {"type":"model","data":[{"id":"m","providerID":"p"}]}
            """);
        Assert.Equal(5, synced.GetProperty("applied").GetInt32());

        JsonArray data = await calls.ImportAsync(shared);
        Assert.Equal(
            ["session", "message", "part", "session_diff", "model"], data.Select(item => (string)item!["type"]!));
        Assert.Equal("T", (string)data[0]!["data"]!["title"]!);
        Assert.Equal("m", (string)data[4]!["data"]![0]!["id"]!);

        Assert.Equal(HttpStatusCode.OK, (await calls.DeleteAsync(shared.Id, shared.Secret)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await calls.DataAsync(shared.Capability)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await calls.SyncAsync(shared, Message)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await calls.DeleteAsync(shared.Id, shared.Secret)).StatusCode);
    }

    [Fact]
    public async Task An_import_gets_nothing_of_a_subagent_and_the_call_that_started_it_as_the_tool_call_that_it_was()
    {
        Shared shared = await created.ShareAsync();
        await created.SyncedAsync(shared, Message + """
            ,{"type":"message","data":{"id":"msg_2","sessionID":"ses_1","role":"user","agent_session":"ses_c"}},
            {"type":"part","data":{"id":"prt_1","messageID":"msg_1","sessionID":"ses_1","type":"subagent",
              "callID":"call","tool":"task","agent_session":"ses_c","name":"general","description":"look",
              "prompt":"find it","status":"completed","result":"found \"it\"","time":{"start":1,"end":2}}},
            {"type":"part","data":{"id":"prt_2","messageID":"msg_2","sessionID":"ses_1","type":"text",
              "agent_session":"ses_c","text":"find it"}}
            """);

        JsonArray data = await created.ImportAsync(shared);

        Assert.Equal(["message", "part"], data.Select(item => (string)item!["type"]!));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""
            {"id":"prt_1","sessionID":"ses_1","messageID":"msg_1","type":"tool","callID":"call","tool":"task",
             "state":{"status":"completed","input":{"description":"look","prompt":"find it",
               "subagent_type":"general"},"output":"found \"it\"","title":"look","metadata":{"sessionId":"ses_c"},
               "time":{"start":1,"end":2}}}
            """), data[1]!["data"]));
    }

    [Fact]
    public async Task Sharing_again_by_the_same_creator_is_the_same_share_and_the_first_secret_goes_on_working()
    {
        Shared first = await created.ShareAsync();
        await created.SyncedAsync(first, Message);
        Shared second = await created.ShareAsync();
        Shared other = await created.ShareAsync("ses_2");

        Assert.Equal(first.Id, second.Id);
        Assert.NotEqual(first.Id, other.Id);
        Assert.NotEqual(first.Secret, second.Secret);
        foreach (Shared shared in new[] { first, second })
        {
            Assert.Equal(1, (await created.SyncedAsync(shared, Message)).GetProperty("duplicates").GetInt32());
            Assert.Single(await created.ImportAsync(shared));
        }
    }

    [Fact]
    public async Task Another_creator_gets_another_share_for_the_same_session()
    {
        WireHandle root = await live.RedeemRootAsync();
        ShareToken token = await LiveServer.AttenuateAsync(root, RightsNames.Creator);
        using var another = new OpencodeCalls(live.Server.Address, live.Timeout) { Base = $"/a/{token.Reveal()}" };
        Assert.NotEqual((await created.ShareAsync()).Id, (await another.ShareAsync()).Id);
        Assert.Equal((await another.ShareAsync()).Id, (await another.ShareAsync()).Id);
    }

    [Fact]
    public async Task Under_open_creation_every_share_is_new_and_unrelated()
    {
        Shared first = await open.ShareAsync();
        Shared second = await open.ShareAsync();
        Assert.NotEqual(first.Id, second.Id);
        await open.SyncedAsync(first, Message);
        Assert.Empty(await open.ImportAsync(second));
        Assert.Equal(HttpStatusCode.NotFound, (await open.SyncAsync(first.Id, second.Secret, Message)).StatusCode);
    }

    [Fact]
    public async Task After_unsharing_all_links_and_secrets_are_dead_and_sharing_makes_a_new_share()
    {
        Shared first = await created.ShareAsync();
        Shared second = await created.ShareAsync();
        await created.SyncedAsync(first, Message);
        WireHandle handle = await live.RedeemShareAsync(TokenOf(second.Capability));

        Assert.Equal(HttpStatusCode.OK, (await created.DeleteAsync(first.Id, second.Secret)).StatusCode);

        JsonElement dead = (await handle.CallAsync("readOps", "{}")).GetProperty("error").GetProperty("data");
        Assert.Equal("capability_revoked", dead.GetProperty("code").GetString());
        foreach (Shared shared in new[] { first, second })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await created.DataAsync(shared.Capability)).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await created.SyncAsync(shared, Message)).StatusCode);
        }

        Shared third = await created.ShareAsync();
        Assert.NotEqual(first.Id, third.Id);
        await created.SyncedAsync(third, Message);
        Assert.Single(await created.ImportAsync(third));
    }

    [Theory]
    [InlineData("text/plain", null, false)]
    [InlineData("application/x-www-form-urlencoded", null, false)]
    [InlineData("multipart/form-data; boundary=x", null, false)]
    [InlineData(null, null, false)]
    [InlineData("application/json", "https://evil.example", false)]
    [InlineData("application/json", "null", false)]
    [InlineData("application/json; charset=utf-8", null, true)]
    public async Task Under_open_creation_no_foreign_page_can_make_a_share(string? type, string? from, bool isMade)
    {
        foreach (string path in (string[])["/api/share", "/api/shares"])
        {
            using var post = new HttpRequestMessage(HttpMethod.Post, new Uri(live.Server.Address, path));
            post.Content = new ByteArrayContent("""{"sessionID":"ses_1"}"""u8.ToArray());
            if (type is not null) post.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            if (from is not null) post.Headers.TryAddWithoutValidation("Origin", from);
            using HttpResponseMessage answer = await open.Http.SendAsync(post, live.Timeout);
            Assert.Equal(isMade ? HttpStatusCode.OK : HttpStatusCode.Forbidden, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Without_open_creation_only_a_creator_token_makes_shares()
    {
        await using LiveServer closed = await LiveServer.StartAsync();
        using var nobody = new OpencodeCalls(closed.Server.Address, closed.Timeout);
        using HttpResponseMessage refused = await nobody.CreateAsync();
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("creator token", await refused.Content.ReadAsStringAsync(closed.Timeout),
            StringComparison.Ordinal);

        ShareToken wrong = ShareToken.New(RandomId.New());
        using var stranger = new OpencodeCalls(closed.Server.Address, closed.Timeout) { Base = $"/a/{wrong.Reveal()}" };
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.CreateAsync()).StatusCode);

        using var bearer = new OpencodeCalls(closed.Server.Address, closed.Timeout) { Prefix = "/api/shares" };
        bearer.Http.DefaultRequestHeaders.Authorization = new("Bearer", closed.RootToken.Reveal());
        Shared shared = await bearer.ShareAsync();
        Assert.Equal(shared.Id, (await bearer.ShareAsync()).Id);
        Assert.Equal(HttpStatusCode.OK, (await nobody.SyncAsync(shared, Message)).StatusCode);
    }

    [Fact]
    public async Task Wrong_secrets_unknown_shares_and_secrets_of_other_shares_are_answered_alike()
    {
        Shared shared = await open.ShareAsync();
        Shared other = await open.ShareAsync();
        ShareToken wrong = ShareToken.New(TokenOf(shared.Secret).CapId);
        (string Id, string Secret)[] cases =
        [
            (shared.Id, wrong.Reveal()), (shared.Id, other.Secret), (shared.Id, "no"), (shared.Id, ""),
            (RandomId.New(), shared.Secret),
            (shared.Id, live.RootToken.Reveal()), ("no", "no"),
        ];
        var answers = new HashSet<string>();
        foreach ((string id, string secret) in cases)
        {
            using HttpResponseMessage sync = await open.SyncAsync(id, secret, Message);
            using HttpResponseMessage delete = await open.DeleteAsync(id, secret);
            answers.Add($"{sync.StatusCode} {await sync.Content.ReadAsStringAsync(live.Timeout)}");
            answers.Add($"{delete.StatusCode} {await delete.Content.ReadAsStringAsync(live.Timeout)}");
        }

        Assert.StartsWith("NotFound", Assert.Single(answers), StringComparison.Ordinal);
        Assert.Empty(await open.ImportAsync(shared));
    }

    [Theory]
    [InlineData(false, "ended", 1)]
    [InlineData(true, "deleted", 0)]
    public async Task What_is_unshared_stays_or_is_erased_as_the_server_is_set_and_nobody_reads_it_either_way(
        bool erases, string state, int left)
    {
        await using LiveServer server = await LiveServer.StartAsync(
            more: options => options with { OpenCreation = true, EraseUnshared = erases });
        using var calls = new OpencodeCalls(server.Server.Address, server.Timeout);
        Shared shared = await calls.ShareAsync();
        await calls.SyncedAsync(shared,
            """{"type":"part","data":{"id":"p","messageID":"m","type":"text","text":"x"}}""");
        for (int i = 0; i < 2; i++)
        {
            using HttpResponseMessage deleted = await calls.DeleteAsync(shared.Id, shared.Secret);
            Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        }

        using HttpResponseMessage data = await calls.DataAsync(shared.Capability);
        Assert.Equal(HttpStatusCode.NotFound, data.StatusCode);
        WireHandle root = await server.RedeemRootAsync();
        JsonElement share;
        do
        {
            server.Timeout.ThrowIfCancellationRequested(); // rows are erased in the background
            share = (await root.ResultAsync("listShares", "{}")).GetProperty("shares")[0];
        }
        while (share.GetProperty("cursor").GetInt32() != left);

        Assert.Equal(state, share.GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_link_does_not_sync_and_a_secret_does_not_read_and_neither_unshares_what_it_may_not()
    {
        Shared shared = await open.ShareAsync();
        Assert.Equal(HttpStatusCode.Forbidden,
            (await open.SyncAsync(shared.Id, shared.Capability, Message)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await open.DeleteAsync(shared.Id, shared.Capability)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await open.DataAsync(shared.Secret)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await open.DataAsync(shared.Id)).StatusCode);
        Assert.Empty(await open.ImportAsync(shared));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"sessionID":1}""")]
    [InlineData("""{"sessionID":""}""")]
    [InlineData("not json")]
    public async Task A_request_without_a_session_is_refused_in_json(string body)
    {
        using HttpResponseMessage answer =
            await open.Http.PostAsync("/api/share", OpencodeCalls.Json(body), live.Timeout);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("invalid_params",
            JsonNode.Parse(await answer.Content.ReadAsStringAsync(live.Timeout))!["code"]!.ToString());
    }

    [Theory]
    [InlineData("Fix the parser", "Fix the parser")]
    [InlineData("\\u001b[31mred\\u0007 ", "[31mred")]
    [InlineData("", "opencode")]
    public async Task A_share_has_the_title_of_its_session_and_keeps_it_current(string title, string label)
    {
        Shared shared = await created.ShareAsync();
        await created.SyncedAsync(shared, Session("First", 1));
        Assert.Equal("First", await LabelAsync(shared));
        await created.SyncedAsync(shared, Session(title, 2));
        Assert.Equal(title.Length > 0 ? label : "First", await LabelAsync(shared));
        await created.SyncedAsync(shared, Message); // holds no title
        Assert.Equal(title.Length > 0 ? label : "First", await LabelAsync(shared));

        static string Session(string name, int updated) => $$"""
            {"type":"session","data":{"time":{"updated":{{updated}} },"id":"ses_1","title":"{{name}}"} }
            """;
    }

    [Fact]
    public async Task A_title_that_is_too_long_is_cut_between_characters()
    {
        Shared shared = await created.ShareAsync();
        string title = new string('x', 198) + string.Concat(Enumerable.Repeat("🦊", 40));
        await created.SyncedAsync(shared, $$"""{"type":"session","data":{"id":"ses_1","title":"{{title}}"} }""");
        Assert.Equal(new string('x', 198) + '…', await LabelAsync(shared));
    }

    [Fact]
    public async Task The_public_address_is_what_links_start_with()
    {
        await using LiveServer proxied = await LiveServer.StartAsync(
            more: options => options with { OpenCreation = true, PublicUrl = new Uri("https://share.example.org") });
        using var calls = new OpencodeCalls(proxied.Server.Address, proxied.Timeout);
        Assert.StartsWith("https://share.example.org/share/srpc_", (await calls.ShareAsync()).Url.ToString(),
            StringComparison.Ordinal);
    }

    private async Task<string?> LabelAsync(Shared shared)
    {
        await using AdminClient root =
            await AdminClient.OpenRootAsync(live.Server.Address, live.RootToken, live.Timeout);
        return (await root.ListSharesAsync(live.Timeout)).Single(share => share.ShareId == shared.Id).Label;
    }

    private static ShareToken TokenOf(string text)
    {
        Assert.True(ShareToken.TryParse(text, out ShareToken? token));
        return token;
    }

    // As opencode's import checks it.
    [GeneratedRegex("^https?://[^/]+/share/([A-Za-z0-9_-]+)$")]
    private static partial Regex ImportableUrl();
}
