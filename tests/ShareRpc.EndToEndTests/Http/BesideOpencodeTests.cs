using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Http;

/// <summary>opencode's own syncs and `sharerpc share --opencode` feed one share, and the same documents.</summary>
public sealed class BesideOpencodeTests
{
    private static readonly string Traffic =
        Path.Combine(Path.GetDirectoryName(OpencodeFixture.Path)!, "share-traffic-1.18.33.jsonl");

    [FixtureFact]
    public async Task What_opencode_failed_to_send_is_repaired_from_its_database_into_the_same_share_and_no_more()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(6));
        CancellationToken timeout = patience.Token;
        await using var world = new World();
        await world.StartServerAsync(null, ["--open-creation"], timeout);
        string database = OpencodeFixture.CopyTo(world.PathOf("opencode.db"));
        string session =
            OpencodeFixture.Sessions(database).First(id => id.EndsWith("fFVMs6Nb", StringComparison.Ordinal));
        using var http = new HttpClient { BaseAddress = world.Server };
        JsonNode shared = await PostAsync(http, "/api/share", $$"""{"sessionID":"{{session}}"}""", timeout);
        string[] syncs = [.. SyncsOf("fFVMs6Nb")];
        for (int i = 0; i < syncs.Length; i++)
        {
            if (i % 4 == 3) continue; // lost, and never sent again
            string body = $$"""{"secret":"{{shared["secret"]}}","data":{{syncs[i]}}}""";
            await PostAsync(http, $"/api/share/{shared["id"]}/sync", body, timeout);
        }

        Dictionary<string, JsonNode> before = await DataAsync(http, shared, timeout);
        string link = $"{world.Server.GetLeftPart(UriPartial.Authority)}/s/{shared["id"]}#{shared["secret"]}";
        string[] arguments = ["--opencode", database, "--session", session, "--into", link, "--once"];
        Tool repair = await world.RunClientAsync("share", arguments, timeout);
        Assert.True(repair.ExitCode == 0, repair.Errors);

        Dictionary<string, JsonNode> expected = [];
        foreach ((string id, JsonNode data) in OpencodeFixture.Messages(database, session))
            expected[$"message {id}"] = data;
        foreach ((string id, JsonNode data) in OpencodeFixture.Parts(database, session)) expected[$"part {id}"] = data;
        foreach ((string key, JsonNode data) in expected.ToList())
            if (data["agent_session"] is not null) expected.Remove(key); // opencode's form has nothing of a subagent
        Dictionary<string, JsonNode> after = await DataAsync(http, shared, timeout);
        bool HadArrived(string key) =>
            before.TryGetValue(key, out JsonNode? had) && JsonNode.DeepEquals(had, expected[key]);
        string[] lost = [.. expected.Keys.Where(key => !HadArrived(key))];
        Assert.NotEmpty(lost);
        Assert.All(expected, pair => Assert.True(JsonNode.DeepEquals(pair.Value, after[pair.Key]), pair.Key));

        // What had arrived as it is in the database was a duplicate.
        Tool again = await world.RunClientAsync("share", arguments, timeout);
        Assert.True(again.ExitCode == 0, again.Errors);
        string[] repaired =
            [.. (await OpsOfToolAsync(world, shared, timeout)).Select(op => $"{op["kind"]} {op["key"]}")];
        string[] untouched = [.. expected.Keys.Except(lost)];
        Assert.NotEmpty(untouched);
        Assert.Empty(repaired.Intersect(untouched));
    }

    private static IEnumerable<string> SyncsOf(string name) =>
        File.ReadLines(Traffic).Select(line => JsonNode.Parse(line)!)
        .Where(request => (string)request["path"]! == $"/api/share/{name}/sync")
        .Select(request => request["body"]!["data"]!.ToJsonString());

    private static async Task<JsonNode> PostAsync(HttpClient http, string path, string body, CancellationToken timeout)
    {
        using HttpResponseMessage answer = await http.PostAsync(
            new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"), timeout);
        string said = await answer.Content.ReadAsStringAsync(timeout);
        Assert.True(answer.IsSuccessStatusCode, said);
        return JsonNode.Parse(said)!;
    }

    private static async Task<Dictionary<string, JsonNode>> DataAsync(HttpClient http, JsonNode shared,
        CancellationToken timeout)
    {
        string capability = ((string)shared["url"]!).Split('/')[^1];
        JsonArray data = (await http.GetFromJsonAsync<JsonArray>(
            new Uri($"/api/share/{capability}/data", UriKind.Relative), timeout))!;
        return data.Where(item => item!["data"] is JsonObject)
            .ToDictionary(item => $"{item!["type"]} {item["data"]!["id"]}", item => item!["data"]!);
    }

    /// <summary>Ops that came from a writer: the HTTP API has none.</summary>
    private static async Task<List<JsonNode>> OpsOfToolAsync(World world, JsonNode shared, CancellationToken timeout)
    {
        using var http = new HttpClient { BaseAddress = world.Server };
        http.DefaultRequestHeaders.Authorization = new("Bearer", ((string)shared["url"]!).Split('/')[^1]);
        var ops = new List<JsonNode>();
        for (long after = 0; ;)
        {
            var path = new Uri($"/v1/shares/{shared["id"]}/ops?after={after}", UriKind.Relative);
            JsonNode page = (await http.GetFromJsonAsync<JsonNode>(path, timeout))!;
            if (page["ops"]!.AsArray().Count == 0) return ops;
            ops.AddRange(page["ops"]!.AsArray().Where(op => op!["writer_id"] is not null)!);
            after = (long)page["cursor"]!;
        }
    }

    [Fact]
    public async Task The_link_that_opencode_shows_can_be_watched()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(6));
        await using var world = new World();
        await world.StartServerAsync(null, ["--open-creation"], patience.Token);
        using var http = new HttpClient { BaseAddress = world.Server };
        JsonNode shared = await PostAsync(http, "/api/share", """{"sessionID":"ses_1"}""", patience.Token);
        string items = """[{"type":"session","data":{"id":"ses_1","title":"A very own title","time":{"updated":1}}}]""";
        await PostAsync(
            http, $"/api/share/{shared["id"]}/sync", $$"""{"secret":"{{shared["secret"]}}","data":{{items}}}""",
            patience.Token);
        Tool watch = await Tool.RunAsync(["watch", (string)shared["url"]!, "--once"], patience.Token);
        Assert.True(watch.ExitCode == 0, watch.Errors);
        Assert.Contains(watch.Lines, line => line.Contains("A very own title", StringComparison.Ordinal));
    }
}
