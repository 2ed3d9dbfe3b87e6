using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Tests.Protocol.Schema;
using ShareRpc.Tests.Protocol.Vectors;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server.Opencode;

namespace ShareRpc.Tests.Server.Http;

/// <summary>
/// protocol/openapi.json against a running server: every call and status in it is made to happen, and fits its schema.
/// </summary>
public sealed class OpenApiTests : IAsyncLifetime
{
    private readonly ProtocolLimits small = new() { FrameBytes = 200_000, DocumentBytes = 100_000, OpBytes = 100_000 };
    private readonly JsonElement document =
        JsonDocument.Parse(File.ReadAllText(RepositoryRoot.Path("protocol", "openapi.json"))).RootElement;
    private readonly HashSet<string> met = [];
    private LiveServer live = null!;
    private LiveServer full = null!;

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync(small, new ServerLimits
        {
            HttpBodyBytes = 200_000, HttpWaitingReads = 0, DuplicatesPerDay = 0,
        });
        full = await LiveServer.StartAsync(serverLimits: new ServerLimits { HttpRequests = 0 });
    }

    public async Task DisposeAsync()
    {
        await live.DisposeAsync();
        await full.DisposeAsync();
    }

    [Fact]
    public async Task Every_call_and_status_of_the_description_happens_and_fits_its_schema()
    {
        await MeetOpsAsync();
        await MeetGrantsAsync();
        await MeetOpencodeAsync();

        IEnumerable<string> described =
            from path in document.GetProperty("paths").EnumerateObject()
            from method in path.Value.EnumerateObject()
            where method.Name != "parameters"
            from status in method.Value.GetProperty("responses").EnumerateObject()
            select $"{method.Name} {path.Name} {status.Name}";
        Assert.Equal(described.Order(StringComparer.Ordinal), met.Order(StringComparer.Ordinal));
    }

    private async Task MeetOpsAsync()
    {
        const string Ops = "/v1/shares/{share_id}/ops";
        const string State = "/v1/shares/{share_id}/state";
        const string Search = "/v1/shares/{share_id}/search";
        const string Previews = "/v1/shares/{share_id}/previews";
        ShareToken owner = await live.CreateShareAsync();
        WireHandle handle = await live.RedeemShareAsync(owner);
        string id = handle.Redemption.GetProperty("share_id").GetString()!;
        using var share = new ShareOverHttp(live.Server.Address, id, owner, live.Timeout);
        using var stranger = new ShareOverHttp(live.Server.Address, id, ShareToken.New(RandomId.New()), live.Timeout);
        using var reader = Of(id, await LiveServer.AttenuateAsync(handle, Rights.Read));
        using var appender = Of(id, await LiveServer.AttenuateAsync(handle, Rights.Append));
        using var crowded = new ShareOverHttp(full.Server.Address, id, owner, full.Timeout);

        await MeetAsync(Ops, 200, share.AppendAsync(LiveServer.Batch("a")));
        await MeetAsync(Ops, 200,
            share.AppendAsync(LiveServer.Batch("a").Replace("put", "nothing", StringComparison.Ordinal)));
        await MeetAsync(Ops, 400, share.AppendAsync("{}"));
        await MeetAsync(Ops, 401, stranger.AppendAsync(LiveServer.Batch("b")));
        await MeetAsync(Ops, 403, reader.AppendAsync(LiveServer.Batch("b")));
        await MeetAsync(Ops, 409, share.AppendAsync("""{"expected_cursor":9,""" + LiveServer.Batch("b")[1..]));
        await MeetAsync(Ops, 413, share.AppendAsync(new string(' ', small.FrameBytes + 1)));
        await MeetAsync(Ops, 429, share.AppendAsync(
            LiveServer.Batch("b").Replace(
                "\"key\":\"b\"", "\"key\":\"a\",\"if_changed\":true", StringComparison.Ordinal)));
        await MeetAsync(Ops, 503, crowded.AppendAsync(LiveServer.Batch("b")));
        await MeetAsync(Ops, 200, share.OpsAsync("?after=0&limit=1&max_bytes=100"));
        await MeetAsync(Ops, 400, share.OpsAsync("?after=x"));
        await MeetAsync(Ops, 401, stranger.OpsAsync());
        await MeetAsync(Ops, 403, appender.OpsAsync());
        await MeetAsync(Ops, 429, share.OpsAsync("?wait_ms=1"));
        await MeetAsync(Ops, 503, crowded.OpsAsync());
        await MeetAsync(State, 200, share.StateAsync("?limit=1&kinds=part,note"));
        await MeetAsync(State, 400, share.StateAsync("?limit=0"));
        await MeetAsync(State, 401, stranger.StateAsync());
        await MeetAsync(State, 403, appender.StateAsync());
        await MeetAsync(Search, 200, share.SearchAsync("?query=a&limit=1"));
        await MeetAsync(Search, 400, share.SearchAsync("?query=-"));
        await MeetAsync(Search, 401, stranger.SearchAsync("?query=a"));
        await MeetAsync(Search, 403, appender.SearchAsync("?query=a"));
        await MeetAsync(Previews, 200, share.PreviewAsync("""{"title":"T","description":"D"}"""));
        await MeetAsync(Previews, 400, share.PreviewAsync("""{"title":""}"""));
        await MeetAsync(Previews, 401, stranger.PreviewAsync("""{"title":"T"}"""));
        await MeetAsync(Previews, 403, appender.PreviewAsync("""{"title":"T"}"""));

        await handle.ResultAsync("endShare", "{}");
        await MeetAsync(Ops, 409, share.AppendAsync(LiveServer.Batch("c")));
        await MeetAsync(Ops, 200, share.OpsAsync());
        await DeleteShareAsync(id);
        await MeetAsync(Ops, 410, share.AppendAsync(LiveServer.Batch("c")));
        await MeetAsync(Ops, 410, share.OpsAsync());
        await MeetAsync(State, 410, share.StateAsync());
        await MeetAsync(Search, 410, share.SearchAsync("?query=a"));
        await MeetAsync(Previews, 410, share.PreviewAsync("""{"title":"T"}"""));
    }

    private async Task MeetGrantsAsync()
    {
        const string Grants = "/v1/grants";
        ShareToken owner = await live.CreateShareAsync();
        WireHandle handle = await live.RedeemShareAsync(owner);
        string id = handle.Redemption.GetProperty("share_id").GetString()!;
        ShareToken once = ShareToken.New(RandomId.New());
        await handle.ResultAsync("attenuate", $$"""
            {"cap_id":"{{once.CapId}}","token_digest":"{{once.Digest}}","rights":["read"],"caveats":{"max_uses":1} }
            """);
        using ShareOverHttp link = Of(id, once), stranger = Of(id, ShareToken.New(RandomId.New())),
            plain = Of(id, owner);
        using var crowded = new ShareOverHttp(full.Server.Address, id, owner, full.Timeout);
        ShareToken grant = ShareToken.New(RandomId.New());
        await MeetAsync(Grants, 400, link.GrantAsync("{}"));
        await MeetAsync(Grants, 401, stranger.GrantAsync(grant));
        await MeetAsync(Grants, 409, link.GrantAsync(ShareToken.New(owner.CapId)));
        await MeetAsync(Grants, 200, link.GrantAsync(grant));
        await MeetAsync(Grants, 200, plain.GrantAsync(grant));
        await MeetAsync(Grants, 403, link.GrantAsync(ShareToken.New(RandomId.New())));
        await MeetAsync(Grants, 503, crowded.GrantAsync(grant));
        await DeleteShareAsync(id);
        await MeetAsync(Grants, 410, link.GrantAsync(grant));
    }

    private async Task MeetOpencodeAsync()
    {
        const string Share = "/api/share";
        const string Sync = "/api/share/{share_id}/sync";
        const string Delete = "/api/share/{share_id}";
        const string Data = "/api/share/{capability}/data";
        using var nobody = new OpencodeCalls(live.Server.Address, live.Timeout);
        using var stranger = new OpencodeCalls(live.Server.Address, live.Timeout);
        stranger.Http.DefaultRequestHeaders.Authorization = new("Bearer", ShareToken.New(RandomId.New()).Reveal());
        using var creator = new OpencodeCalls(live.Server.Address, live.Timeout);
        creator.Http.DefaultRequestHeaders.Authorization = new("Bearer", live.RootToken.Reveal());
        using var crowded = new OpencodeCalls(full.Server.Address, full.Timeout);

        await MeetAsync(Share, 200, creator.CreateAsync());
        await MeetAsync(Share, 400, creator.CreateAsync(""));
        await MeetAsync(Share, 401, stranger.CreateAsync());
        await MeetAsync(Share, 403, nobody.CreateAsync());
        OpencodeCalls.Shared shared = await creator.ShareAsync();
        const string Items =
            """
            {"type":"session","data":{"id":"ses_1"}},{"type":"model","data":[{"id":"m","providerID":"p"}]},
             {"type":"x"}
            """;
        await MeetAsync(Sync, 200, creator.SyncAsync(shared, Items));
        await MeetAsync(Sync, 400, creator.SyncAsync(shared, "not json"));
        await MeetAsync(Sync, 403, creator.SyncAsync(shared.Id, shared.Capability, Items));
        await MeetAsync(Sync, 404, creator.SyncAsync(RandomId.New(), shared.Secret, Items));
        await MeetAsync(Sync, 413, creator.SyncAsync(shared, new string(' ', 200_001)));
        await MeetAsync(Sync, 503, crowded.SyncAsync(shared, Items));
        await MeetAsync(Data, 200, nobody.DataAsync(shared.Capability));
        await MeetAsync(Data, 404, nobody.DataAsync(shared.Id));
        await MeetAsync("/share/{capability}", 200, nobody.Http.GetAsync(shared.Url, live.Timeout), isJson: false);
        using var empty = new HttpRequestMessage(HttpMethod.Delete, $"/api/share/{shared.Id}");
        await MeetAsync(Delete, 400, creator.Http.SendAsync(empty, live.Timeout));
        await MeetAsync(Delete, 403, creator.DeleteAsync(shared.Id, shared.Capability));
        await MeetAsync(Delete, 404, creator.DeleteAsync(shared.Id, "no"));
        await MeetAsync(Delete, 200, creator.DeleteAsync(shared.Id, shared.Secret));

        ShareToken owner = await live.CreateShareAsync();
        WireHandle handle = await live.RedeemShareAsync(owner);
        string id = handle.Redemption.GetProperty("share_id").GetString()!;
        await handle.ResultAsync("endShare", "{}");
        await MeetAsync(Sync, 409, creator.SyncAsync(id, owner.Reveal(), Items));
        await DeleteShareAsync(id);
        await MeetAsync(Sync, 410, creator.SyncAsync(id, owner.Reveal(), Items));
    }

    private async Task MeetAsync(string path, int status, Task<HttpResponseMessage> call, bool isJson = true)
    {
        using HttpResponseMessage answer = await call;
        string body = await answer.Content.ReadAsStringAsync(live.Timeout);
        string method = answer.RequestMessage!.Method.Method.ToLowerInvariant();
        Assert.True((int)answer.StatusCode == status,
            $"{method} {path} is to be {status}, not {answer.StatusCode}: {body}");
        JsonElement content =
            document.GetProperty("paths").GetProperty(path).GetProperty(method).GetProperty("responses")
            .GetProperty($"{status}").GetProperty("content").GetProperty(
                answer.Content.Headers.ContentType!.MediaType!);
        met.Add($"{method} {path} {status}");
        if (!isJson) return;
        JsonElement value = JsonDocument.Parse(body).RootElement;
        Assert.Empty(new SchemaCheck(document).Errors(content.GetProperty("schema"), value));
    }

    private async Task DeleteShareAsync(string id)
    {
        WireHandle root = await live.RedeemRootAsync();
        await root.ResultAsync("deleteShare", $$"""{"share_id":"{{id}}"}""");
    }

    private ShareOverHttp Of(string id, ShareToken token) => new(live.Server.Address, id, token, live.Timeout);
}
