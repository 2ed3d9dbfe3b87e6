using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Opencode;

/// <summary>A running headless opencode, driven through its own HTTP API.</summary>
internal sealed class OpencodeServer(Tool process, Uri address) : IAsyncDisposable
{
    private readonly HttpClient http = new() { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };

    public async Task<string> CreateSessionAsync(CancellationToken cancellationToken) =>
        (string)(await CallAsync(HttpMethod.Post, "session", new JsonObject(), cancellationToken))!["id"]!;

    /// <summary>Shares the session; the url that opencode shows.</summary>
    public async Task<Uri> ShareAsync(string session, CancellationToken cancellationToken) =>
        new((string)(
            await CallAsync(HttpMethod.Post, $"session/{session}/share", null, cancellationToken))!["share"]!["url"]!);

    public Task UnshareAsync(string session, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Delete, $"session/{session}/share", null, cancellationToken);

    /// <summary>A whole turn: ends when the model has said its last word.</summary>
    public Task PromptAsync(string session, string text, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Post, $"session/{session}/message", Prompt(text), cancellationToken);

    /// <summary>Starts a turn.</summary>
    public Task BeginPromptAsync(string session, string text, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Post, $"session/{session}/prompt_async", Prompt(text), cancellationToken);

    public Task DeleteMessageAsync(string session, string message, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Delete, $"session/{session}/message/{message}", null, cancellationToken);

    public Task DeletePartAsync(string session, string message, string part, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Delete, $"session/{session}/message/{message}/part/{part}", null, cancellationToken);

    /// <summary>What opencode itself lists: <c>{info, parts}</c> a message.</summary>
    public async Task<IReadOnlyList<JsonNode>> MessagesAsync(string session, CancellationToken cancellationToken) =>
        [.. (await CallAsync(HttpMethod.Get, $"session/{session}/message", null, cancellationToken))!.AsArray()!];

    /// <summary>SIGKILL: no handler runs.</summary>
    public void Kill() => process.Kill();

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await process.DisposeAsync();
    }

    private static JsonObject Prompt(string text) => new()
    {
        ["model"] = new JsonObject { ["providerID"] = "scripted", ["modelID"] = "scripted" },
        ["parts"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }),
    };

    private async Task<JsonNode?> CallAsync(HttpMethod method, string path, JsonObject? body,
        CancellationToken cancellationToken)
    {
        using var request =
            new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using HttpResponseMessage response = await http.SendAsync(request, cancellationToken);
        string text = await response.Content.ReadAsStringAsync(cancellationToken);
        Assert.True(response.IsSuccessStatusCode,
            $"{method} {path}: {(int)response.StatusCode} {text}\n{process.Errors}");
        return text.Length == 0 ? null : JsonNode.Parse(text);
    }
}
