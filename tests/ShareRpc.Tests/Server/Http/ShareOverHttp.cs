using System.Net.Http.Headers;
using System.Text.Json;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Server.Opencode;

namespace ShareRpc.Tests.Server.Http;

/// <summary>A share over <c>/v1</c>, as a program of any language would use it.</summary>
internal sealed class ShareOverHttp : IDisposable
{
    private readonly CancellationToken timeout;

    public ShareOverHttp(Uri server, string shareId, ShareToken? token, CancellationToken timeout)
    {
        this.timeout = timeout;
        ShareId = shareId;
        Http = new HttpClient { BaseAddress = server };
        if (token is not null)
            Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Reveal());
    }

    public HttpClient Http { get; }

    public string ShareId { get; }

    public Task<HttpResponseMessage> AppendAsync(string batch) =>
        Http.PostAsync(Path("ops"), OpencodeCalls.Json(batch), timeout);

    public Task<HttpResponseMessage> OpsAsync(string query = "") => Http.GetAsync(Path("ops" + query), timeout);

    public Task<HttpResponseMessage> StateAsync(string query = "") => Http.GetAsync(Path("state" + query), timeout);

    public Task<HttpResponseMessage> SearchAsync(string query) => Http.GetAsync(Path("search" + query), timeout);

    public Task<HttpResponseMessage> PreviewAsync(string body) =>
        Http.PostAsync(Path("previews"), OpencodeCalls.Json(body), timeout);

    public Task<HttpResponseMessage> GrantAsync(string body) =>
        Http.PostAsync(new Uri("/v1/grants", UriKind.Relative), OpencodeCalls.Json(body), timeout);

    public Task<HttpResponseMessage> GrantAsync(ShareToken grant, string more = "") =>
        GrantAsync($$"""{"cap_id":"{{grant.CapId}}","token_digest":"{{grant.Digest}}"{{more}}}""");

    /// <summary>The JSON of an answer that must have this status.</summary>
    public async Task<JsonElement> JsonAsync(Task<HttpResponseMessage> call, int status = 200)
    {
        using HttpResponseMessage answer = await call;
        string body = await answer.Content.ReadAsStringAsync(timeout);
        Assert.True((int)answer.StatusCode == status, $"{answer.StatusCode}: {body}");
        return JsonDocument.Parse(body).RootElement;
    }

    /// <summary>The code of a refusal with this status.</summary>
    public async Task<string> RefusalAsync(Task<HttpResponseMessage> call, int status) =>
        (await JsonAsync(call, status)).GetProperty("code").GetString()!;

    public void Dispose() => Http.Dispose();

    private Uri Path(string rest) => new($"/v1/shares/{ShareId}/{rest}", UriKind.Relative);
}
