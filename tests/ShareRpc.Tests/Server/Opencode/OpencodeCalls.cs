using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ShareRpc.Tests.Server.Opencode;

/// <summary>opencode's side of its share API, by hand: the four calls as the real program makes them.</summary>
internal sealed class OpencodeCalls(Uri server, CancellationToken timeout) : IDisposable
{
    private readonly HttpClient http = new() { BaseAddress = server };

    public HttpClient Http => http;

    /// <summary>What stands in front of the calls: nothing, or <c>/a/{creator token}</c>.</summary>
    public string Base { get; init; } = "";

    public string Prefix { get; init; } = "/api/share";

    public async Task<Shared> ShareAsync(string session = "ses_1")
    {
        using HttpResponseMessage answer = await CreateAsync(session);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        JsonObject body = (await answer.Content.ReadFromJsonAsync<JsonObject>(timeout))!;
        return new Shared((string)body["id"]!, (string)body["secret"]!, new Uri((string)body["url"]!));
    }

    public Task<HttpResponseMessage> CreateAsync(string session = "ses_1") =>
        http.PostAsync(Path(Prefix), Json($$"""{"sessionID":"{{session}}"}"""), timeout);

    public Task<HttpResponseMessage> SyncAsync(Shared shared, string items) =>
        SyncAsync(shared.Id, shared.Secret, items);

    public Task<HttpResponseMessage> SyncAsync(string id, string secret, string items) =>
        http.PostAsync(Path($"{Prefix}/{id}/sync"), Json($$"""{"secret":"{{secret}}","data":[{{items}}]}"""), timeout);

    /// <summary>A sync that must succeed; what became of its items.</summary>
    public async Task<JsonElement> SyncedAsync(Shared shared, string items)
    {
        using HttpResponseMessage answer = await SyncAsync(shared, items);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(timeout);
    }

    public Task<HttpResponseMessage> DeleteAsync(string id, string secret) => http.SendAsync(
        new HttpRequestMessage(HttpMethod.Delete,
            Path($"{Prefix}/{id}")) { Content = Json($$"""{"secret":"{{secret}}"}""") }, timeout);

    public Task<HttpResponseMessage> DataAsync(string capability) =>
        http.GetAsync(Path($"/api/share/{capability}/data", ""), timeout);

    /// <summary>
    /// The data behind a link, as import fetches it: from the link's own origin, by the link's last part.
    /// </summary>
    public async Task<JsonArray> ImportAsync(Shared shared)
    {
        using HttpResponseMessage answer = await DataAsync(shared.Capability);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(timeout))!.AsArray();
    }

    public void Dispose() => http.Dispose();

    public static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private Uri Path(string path) => Path(path, Base);

    private static Uri Path(string path, string start) => new(start + path, UriKind.Relative);

    internal sealed record Shared(string Id, string Secret, Uri Url)
    {
        public string Capability => Url.Segments[^1];
    }
}
