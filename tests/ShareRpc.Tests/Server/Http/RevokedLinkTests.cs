using System.Net.Http.Headers;
using System.Text;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Http;

/// <summary>
/// What is left of a link after its revocation: by every way out the same, and to whoever has not the whole token what
/// a link answers that never was.
/// </summary>
public sealed class RevokedLinkTests : IAsyncLifetime
{
    private const string Call = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_session"}}""";
    private const string Secret = "canary";
    private static readonly HttpClient Http = new();
    private LiveServer live = null!;
    private WireHandle handle = null!;
    private string shareId = "";

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync();
        handle = await live.RedeemShareAsync(await live.CreateShareAsync());
        shareId = handle.Redemption.GetProperty("share_id").GetString()!;
        await handle.ResultAsync("appendOps", """
            {"batch_id":"b","ops":[{"op_id":"1","verb":"put","kind":"part","key":"p",
            "data":{"type":"text","text":"canary"}}]}
            """);
    }

    public async Task DisposeAsync() => await live.DisposeAsync();

    [Fact]
    public async Task Page_data_export_search_and_MCP_answer_a_revoked_link_alike()
    {
        ShareToken link = await LiveServer.AttenuateAsync(handle, Rights.Read);
        string[] page = await PagesAsync(shareId, link);
        Assert.All(await AnswersAsync(shareId, link), answer => Assert.StartsWith("200", answer));
        await handle.ResultAsync("revokeCapability", $$"""{"cap_id":"{{link.CapId}}"}""");

        string[] revoked = await AnswersAsync(shareId, link);
        string refusal = Assert.Single(revoked.Select(WithoutStatus).Distinct());
        Assert.Contains("capability_revoked", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, refusal, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(page, await PagesAsync(shareId, link));
    }

    [Fact]
    public async Task Without_its_whole_token_a_revoked_link_answers_as_one_that_never_was()
    {
        ShareToken link = await LiveServer.AttenuateAsync(handle, Rights.Read);
        await handle.ResultAsync("revokeCapability", $$"""{"cap_id":"{{link.CapId}}"}""");
        string[] guessed = await AnswersAsync(shareId, ShareToken.New(link.CapId));
        string[] neverWas = await AnswersAsync(RandomId.New(), ShareToken.New(RandomId.New()));
        Assert.Equal(neverWas, guessed);
        Assert.All(guessed, answer => Assert.Contains("invalid_token", answer, StringComparison.Ordinal));
        Assert.Equal(
            await PagesAsync(RandomId.New(), ShareToken.New(RandomId.New())), await PagesAsync(shareId, link));
    }

    /// <summary>The ways by which content leaves the server, with the token in the header or the path.</summary>
    private async Task<string[]> AnswersAsync(string id, ShareToken token)
    {
        string[] paths =
        [
            $"/v1/shares/{id}/ops", $"/v1/shares/{id}/state", $"/v1/shares/{id}/search?query=canary",
            $"/api/share/{token.Reveal()}/data",
        ];
        var answers = new List<string>();
        foreach (string path in paths) answers.Add(await AskAsync(HttpMethod.Get, path, token));
        answers.Add(await AskAsync(HttpMethod.Post, "/mcp", token, Call));
        return [.. answers];
    }

    /// <summary>What a browser, or what makes a preview, gets: it sends no token.</summary>
    private async Task<string[]> PagesAsync(string id, ShareToken token) =>
    [
        await AskAsync(HttpMethod.Get, $"/s/{id}", token: null),
        await AskAsync(HttpMethod.Head, $"/s/{id}", token: null),
        await AskAsync(HttpMethod.Get, $"/share/{token.Reveal()}", token: null),
    ];

    /// <summary>Status, headers and body.</summary>
    private async Task<string> AskAsync(HttpMethod method, string path, ShareToken? token, string? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(live.Server.Address, path));
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Reveal());
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.Accept.ParseAdd("application/json, text/event-stream, text/html");
        using HttpResponseMessage answer = await Http.SendAsync(request, live.Timeout);
        IEnumerable<string> headers = answer.Headers.Concat(answer.Content.Headers)
            .Where(header => header.Key is not "Date" and not "Retry-After")
            .Select(header => $"{header.Key}: {string.Join(',', header.Value)}").Order(StringComparer.Ordinal);
        string said = await answer.Content.ReadAsStringAsync(live.Timeout);
        return $"{(int)answer.StatusCode}\n{string.Join('\n', headers)}\n\n{said}";
    }

    /// <summary>The address of opencode has a status of its own for all refusals ([HTTP-10]).</summary>
    private static string WithoutStatus(string answer) => answer[3..];
}
