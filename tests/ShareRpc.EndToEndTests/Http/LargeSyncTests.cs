using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Http;

/// <summary>A body as large as opencode really sends, against a server process that has little memory.</summary>
public sealed class LargeSyncTests
{
    private const int Messages = 300;
    private const int MessageBytes = 20_000;

    // The smallest heap with which the runtime starts and the server answers: what it needs when idle is no more.
    private const int IdleBytes = 4 * 1024 * 1024;

    [Fact]
    public async Task Three_hundred_messages_of_20_kB_in_one_body_fit_a_heap_of_idle_and_four_bodies()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(6));
        CancellationToken timeout = patience.Token;
        await using var world = new World();
        string items = string.Join(',', Enumerable.Range(0, Messages).Select(Item));
        long limit = IdleBytes + (4L * items.Length);
        var environment = new Dictionary<string, string>
        {
            ["DOTNET_GCHeapHardLimit"] = string.Create(CultureInfo.InvariantCulture, $"0x{limit:X}"),
        };
        await world.StartServerAsync(environment, ["--open-creation"], timeout);
        using var http = new HttpClient { BaseAddress = world.Server };
        JsonNode shared = (await (await http.PostAsync(
            new Uri("/api/share", UriKind.Relative), Json("""{"sessionID":"ses_1"}"""), timeout)).Content
            .ReadFromJsonAsync<JsonNode>(timeout))!;
        string body = $$"""{"secret":"{{shared["secret"]}}","data":[{{items}}]}""";
        Assert.InRange(body.Length, 6_000_000, 7_000_000);

        for (int time = 0; time < 3; time++)
        {
            using HttpResponseMessage synced = await http.PostAsync(
                new Uri($"/api/share/{shared["id"]}/sync", UriKind.Relative), Json(body), timeout);
            Assert.Equal(HttpStatusCode.OK, synced.StatusCode);
            JsonNode outcome = (await synced.Content.ReadFromJsonAsync<JsonNode>(timeout))!;
            Assert.Equal(Messages, (int)outcome[time == 0 ? "applied" : "duplicates"]!);
        }

        string capability = ((string)shared["url"]!).Split('/')[^1];
        JsonArray data = (await http.GetFromJsonAsync<JsonArray>(
            new Uri($"/api/share/{capability}/data", UriKind.Relative), timeout))!;
        Assert.Equal(Messages, data.Count);
        Assert.All(data, item => Assert.True(((string)item!["data"]!["text"]!).Length == MessageBytes));
        Assert.False(world.ServerProcess!.HasExited, world.ServerProcess.Errors);
    }

    private static string Item(int i) => string.Create(CultureInfo.InvariantCulture, $$$"""
        {"type":"message","data":{"id":"msg_{{{i:D5}}}","role":"assistant",
         "text":"{{{new string('x', MessageBytes)}}}"} }
        """);

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
