using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using ShareRpc.Tests.Server.CapnWeb;

namespace ShareRpc.Tests.Server.Opencode;

/// <summary>
/// <c>/rpc/share</c>, and the HTTP reads beside it, in the messages of the protocol (protocol/neighbours/capnweb.md).
/// </summary>
public sealed class SharesOverCapnWebTests : IAsyncLifetime
{
    private const string Item = """{"type":"message","data":{"id":"m1","role":"user","parts":[[1]]}}""";
    private static readonly HttpClient Http = new();
    private LiveServer live = null!;

    public async Task InitializeAsync() => live = await LiveServer.StartAsync();

    public async Task DisposeAsync() => await live.DisposeAsync();

    [Fact]
    public async Task A_share_is_made_synced_read_and_deleted()
    {
        using CapWire wire = await ConnectAsync();
        JsonElement made = await wire.ValueAsync(await wire.CallAsync(0, "createShare", $"\"ses_1\",[[{Item}]]"));
        (string id, string secret, string token) = PartsOf(made);
        string more = """[[{"type":"part","data":{"id":"p1","messageID":"m1","text":"x"}},{"type":"what"}]]""";
        JsonElement synced =
            await wire.ValueAsync(await wire.CallAsync(0, "syncShare", $"\"{id}\",\"{secret}\",{more}"));
        Assert.Equal("""{"success":true,"syncCount":2}""", synced.GetRawText());

        JsonElement share = await GetAsync($"/api/share/{token}");
        Assert.Equal((id, 2L), (share.GetProperty("id").GetString(), share.GetProperty("syncCount").GetInt64()));
        Assert.Equal(["message", "part"],
            share.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("type").GetString()!));
        Assert.Equal("[1]", share.GetProperty("data")[0].GetProperty("data").GetProperty("parts").GetRawText());
        Assert.Equal("ses_1", (await GetAsync($"/api/share/{token}/metadata")).GetProperty("sessionID").GetString());
        Assert.Equal(id, (await GetAsync($"/api/share/{id}/metadata", bearer: token)).GetProperty("id").GetString());
        JsonElement sessions = (await GetAsync("/api/sessions", key: live.RootToken.Reveal())).GetProperty("sessions");
        Assert.Equal("ses_1", Assert.Single(sessions.EnumerateArray()).GetProperty("sessionID").GetString());

        int deleted = await wire.CallAsync(0, "deleteShare", $"\"{id}\",\"{secret}\"");
        Assert.Equal("""{"success":true}""", (await wire.ValueAsync(deleted)).GetRawText());
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync($"/api/share/{token}"));
    }

    [Fact]
    public async Task Nothing_goes_without_the_right_key_or_secret()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("/rpc/share", HttpMethod.Post));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("/api/sessions"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("/api/share/srpc_x"));
        await Assert.ThrowsAsync<WebSocketException>(() => CapWire.ConnectAsync(live, "/rpc/share"));
        await Assert.ThrowsAsync<WebSocketException>(() => CapWire.ConnectAsync(live, "/ws/srpc_x"));
        using CapWire wire = await ConnectAsync();
        (string id, string secret, _) = PartsOf(await wire.ValueAsync(await wire.CallAsync(0, "createShare", "\"s\"")));
        Assert.Equal("not_found",
            await wire.CodeAsync(await wire.CallAsync(0, "syncShare", $"\"{id}\",\"srpc_x\",[[{Item}]]")));
        Assert.Equal("not_found",
            await wire.CodeAsync(await wire.CallAsync(0, "deleteShare", $"\"other\",\"{secret}\"")));
        await Assert.ThrowsAsync<WebSocketException>(() => CapWire.ConnectAsync(live, "/rpc/share", key: secret));
    }

    [Fact]
    public async Task Values_of_all_kinds_come_back_as_they_were()
    {
        const string Value =
            """{"when":["date",1749342170815],"bytes":["bytes","AQID"],"nested":{"list":[[1,["undefined"],[[]]]]}}""";
        using CapWire wire = await ConnectAsync();
        Assert.Equal(Value, (await wire.ValueAsync(await wire.CallAsync(0, "probeValue", Value))).GetRawText());
        Assert.Equal("""{"a":[[1]]}""",
            (await wire.ValueAsync(await wire.CallAsync(0, "probeValue", """{"a":[[1]]}"""))).GetRawText());
    }

    [Fact]
    public async Task A_callback_is_called_back_and_released()
    {
        using CapWire wire = await ConnectAsync();
        int probe = await wire.CallAsync(0, "probeCallback", """["export",-1]""");
        await wire.SendAsync($"[\"pull\",{probe}]");
        Assert.Equal("""["push",["pipeline",-1,[],["ping"]]]""", await wire.ReceiveTextAsync());
        Assert.Equal("""["pull",1]""", await wire.ReceiveTextAsync());
        await wire.SendAsync("""["resolve",1,{"pong":[["date",0]]}]""");
        string?[] rest = [await wire.ReceiveTextAsync(), await wire.ReceiveTextAsync(), await wire.ReceiveTextAsync()];
        Assert.Equal(
            ["""["release",-1,1]""", """["release",1,1]""", """["resolve",1,{"pong":[["date",0]]}]"""],
            rest.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_callback_that_fails_fails_the_call_with_its_error()
    {
        using CapWire wire = await ConnectAsync();
        int probe = await wire.CallAsync(0, "probeCallback", """["export",-1]""");
        await wire.SendAsync("""["reject",1,["error","RangeError","mine"]]""");
        await wire.SendAsync($"[\"pull\",{probe}]");
        string text;
        do text = (await wire.ReceiveTextAsync())!;
        while (!text.StartsWith("[\"reject\"", StringComparison.Ordinal));
        Assert.Equal("""["reject",1,["error","RangeError","mine"]]""", text);
    }

    [Fact]
    public async Task Changes_arrive_live_as_items_and_the_end_is_told()
    {
        using CapWire wire = await ConnectAsync();
        (string id, string secret, string token) =
            PartsOf(await wire.ValueAsync(await wire.CallAsync(0, "createShare", $"\"s\",[[{Item}]]")));
        using CapWire reader = await CapWire.ConnectAsync(live, $"/ws/{token}");
        Assert.Equal(
            """{"cursor":1,"data":[{"type":"message","key":"m1","data":{"id":"m1","role":"user","parts":[1]}}]}""",
            await reader.ReceiveTextAsync());
        string part = """[[{"type":"part","data":{"id":"p1","messageID":"m1","text":"x"}}]]""";
        await wire.ValueAsync(await wire.CallAsync(0, "syncShare", $"\"{id}\",\"{secret}\",{part}"));
        Assert.StartsWith("""{"cursor":2,"data":[{"type":"part",""", (await reader.ReceiveTextAsync())!,
            StringComparison.Ordinal);
        await wire.ValueAsync(await wire.CallAsync(0, "deleteShare", $"\"{id}\",\"{secret}\""));
        while (await reader.ReceiveTextAsync() is not null) continue; // it closes: nobody may read here any more
    }

    private Task<CapWire> ConnectAsync() => CapWire.ConnectAsync(live, "/rpc/share", live.RootToken.Reveal());

    private static (string Id, string Secret, string Token) PartsOf(JsonElement made)
    {
        string url = made.GetProperty("url").GetString()!;
        return (made.GetProperty("id").GetString()!, made.GetProperty("secret").GetString()!,
            url[(url.LastIndexOf('/') + 1)..]);
    }

    private async Task<JsonElement> GetAsync(string path, string? key = null, string? bearer = null)
    {
        using HttpRequestMessage request = RequestOf(path, HttpMethod.Get, key, bearer);
        using HttpResponseMessage response = await Http.SendAsync(request, live.Timeout);
        string body = await response.Content.ReadAsStringAsync(live.Timeout);
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonDocument.Parse(body).RootElement;
    }

    private async Task<HttpStatusCode> StatusAsync(string path, HttpMethod? method = null)
    {
        using HttpRequestMessage request = RequestOf(path, method ?? HttpMethod.Get, null, null);
        using HttpResponseMessage response = await Http.SendAsync(request, live.Timeout);
        return response.StatusCode;
    }

    private HttpRequestMessage RequestOf(string path, HttpMethod method, string? key, string? bearer)
    {
        var request = new HttpRequestMessage(method, new Uri(live.Server.Address, path));
        if (key is not null) request.Headers.Add("x-opencode-share-key", key);
        if (bearer is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        if (method == HttpMethod.Post) request.Content = new StringContent("", Encoding.UTF8);
        return request;
    }
}
