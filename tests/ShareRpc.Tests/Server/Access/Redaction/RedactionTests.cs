using System.Text.Json;
using System.Text.Json.Nodes;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server.Http;
using ShareRpc.Tests.Server.Opencode;

namespace ShareRpc.Tests.Server.Access.Redaction;

/// <summary>
/// What a redacted reader gets is the same by every way out, and nothing that is hidden is in any of them.
/// </summary>
public sealed class RedactionTests : IAsyncLifetime
{
    private const string Secret = "TOP-SECRET";
    private LiveServer live = null!;
    private ShareToken owner = null!;
    private WireHandle handle = null!;

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync(serverLimits: ServerLimits.Default with { RedactionProfiles = 1 });
        owner = await live.CreateShareAsync();
        handle = await live.RedeemShareAsync(owner);
    }

    public async Task DisposeAsync() => await live.DisposeAsync();

    [Fact]
    public async Task A_redacted_reader_sees_the_same_by_every_way_out()
    {
        await AppendAsync("""
            {"op_id":"a","verb":"put","kind":"session","key":"s","data":{"id":"s","title":"T",
             "directory":"/TOP-SECRET"}},
            {"op_id":"b","verb":"put","kind":"part","key":"t","data":{"id":"t","type":"tool","tool":"bash",
              "state":{"status":"completed","output":"TOP-SECRET"}}},
            {"op_id":"c","verb":"put","kind":"part","key":"r","data":{"id":"r","type":"reasoning","text":"TOP-SECRET"}},
            {"op_id":"d","verb":"append","kind":"part","key":"r","data":{"field":"text","text":"TOP-SECRET"}},
            {"op_id":"e","verb":"put","kind":"part","key":"x","data":{"id":"x","type":"text","text":"seen"}},
            {"op_id":"f","verb":"put","kind":"top_secret","key":"top-secret","data":{"v":"TOP-SECRET"}}
            """);
        ShareToken eye = await InviteAsync("""{"redact":["tools","reasoning","files"]}""");
        WireHandle reader = await live.RedeemShareAsync(eye, more: ",\"read\":{\"after\":0}");
        string fromRing = Ops(reader.Redemption.GetProperty("page"));
        Assert.Equal(6, reader.Redemption.GetProperty("page").GetProperty("ops").GetArrayLength());
        Assert.Equal(fromRing, Ops(await reader.ResultAsync("readOps", "{}")));
        string state = (await reader.ResultAsync("getState", "{}")).GetRawText();

        using var share = new ShareOverHttp(live.Server.Address, reader.Redemption.GetProperty("share_id").GetString()!,
            eye, live.Timeout);
        Assert.Equal(fromRing, Ops(await share.JsonAsync(share.OpsAsync())));
        Assert.Equal(state, (await share.JsonAsync(share.StateAsync())).GetRawText());
        string data =
            await share.Http.GetStringAsync(new Uri($"/api/share/{eye.Reveal()}/data", UriKind.Relative), live.Timeout);
        Assert.Equal(["session", "part", "part"],
            JsonNode.Parse(data)!.AsArray().Select(item => (string)item!["type"]!));
        foreach (string answer in new[] { fromRing, state, data }) Assert.DoesNotContain(Secret, answer,
            StringComparison.OrdinalIgnoreCase);

        await live.Server.DisposeAsync(); // from here on the ring is empty and the state folded
        await live.StartAgainAsync();
        WireHandle later = await live.RedeemShareAsync(eye);
        Assert.Equal(fromRing, Ops(await later.ResultAsync("readOps", "{}")));
        Assert.Equal(state, (await later.ResultAsync("getState", "{}")).GetRawText());
    }

    [Fact]
    public async Task Readers_with_more_profiles_than_are_kept_see_what_is_theirs()
    {
        ShareToken[] eyes =
        [
            await InviteAsync("""{"redact":["tools"]}"""), await InviteAsync("""{"redact":["reasoning"]}"""),
            await InviteAsync("""{"readable":{"part":["id"]}}"""), await InviteAsync("{}"),
        ];
        var readers = new List<WireHandle>();
        foreach (ShareToken eye in eyes) readers.Add(await live.RedeemShareAsync(eye));
        await AppendAsync("""
            {"op_id":"a","verb":"put","kind":"part","key":"r","data":{"id":"r","type":"reasoning","text":"thought"}},
            {"op_id":"b","verb":"put","kind":"part","key":"t","data":{"id":"t","type":"tool",
             "state":{"output":"printed"}}}
            """);
        for (int round = 0; round < 2; round++)
        {
            var seen = new List<string>();
            foreach (WireHandle reader in readers)
            {
                string ops = Ops(await reader.ResultAsync("readOps", "{}"));
                seen.Add($"{ops.Contains("thought", StringComparison.Ordinal)} "
                    + $"{ops.Contains("printed", StringComparison.Ordinal)}");
            }

            Assert.Equal(["True False", "False True", "False False", "True True"], seen);
        }
    }

    [Fact]
    public async Task What_a_subagent_was_told_and_said_is_input_and_output_of_a_tool()
    {
        await AppendAsync("""
            {"op_id":"m","verb":"put","kind":"message","key":"m","data":{"id":"m","role":"user","agent_session":"x"}},
            {"op_id":"a","verb":"put","kind":"part","key":"a","data":{"id":"a","type":"subagent","agent_session":"x",
             "name":"TOP-SECRET","status":"completed","prompt":"TOP-SECRET","result":"TOP-SECRET"}},
            {"op_id":"b","verb":"put","kind":"part","key":"b","data":{"agent_session":"x","id":"b","messageID":"m",
             "type":"text","text":"TOP-SECRET"}},
            {"op_id":"c","verb":"append","kind":"part","key":"b","data":{"field":"text","text":"TOP-SECRET"}},
            {"op_id":"d","verb":"put","kind":"part","key":"d","data":{"id":"d","type":"notice","record":"new-type",
             "detail":"TOP-SECRET"}},
            {"op_id":"e","verb":"put","kind":"part","key":"e","data":{"id":"e","type":"compaction",
             "summary":"TOP-SECRET"}},
            {"op_id":"f","verb":"put","kind":"part","key":"f","data":{"id":"f","type":"plan","text":"seen"}}
            """);
        WireHandle reader = await live.RedeemShareAsync(await InviteAsync("""{"redact":["tools"]}"""));
        string ops = Ops(await reader.ResultAsync("readOps", "{}"));
        string state = (await reader.ResultAsync("getState", "{}")).GetRawText();
        Assert.DoesNotContain(Secret, ops + state, StringComparison.OrdinalIgnoreCase);
        foreach (string shown in (string[])["completed", "new-type", "seen"]) Assert.Contains(shown, state);
        WireHandle other = await live.RedeemShareAsync(await InviteAsync("""{"redact":["reasoning"]}"""));
        Assert.Contains("TOP-SECRETTOP-SECRET", (await other.ResultAsync("getState", "{}")).GetRawText());
    }

    [Fact]
    public async Task A_page_of_state_that_is_all_hidden_leads_to_the_next_one()
    {
        string hidden = string.Join(
            ',', Enumerable.Range(0,
                30).Select(i => $$"""{"op_id":"h{{i}}","verb":"put","kind":"a_hidden","key":"{{i}}","data":{} }"""));
        await AppendAsync(hidden + """,{"op_id":"s","verb":"put","kind":"session","key":"s","data":{"id":"s"}}""");
        WireHandle reader = await live.RedeemShareAsync(await InviteAsync("""{"redact":["tools"]}"""));
        JsonElement page = await reader.ResultAsync("getState", """{"limit":5}""");
        while (page.TryGetProperty("next_key", out JsonElement next))
        {
            Assert.NotEqual("a_hidden", next.GetProperty("kind").GetString()); // not even a key of what is hidden
            page = await reader.ResultAsync("getState", $$"""{"limit":5,"after_key":{{next.GetRawText()}}}""");
        }

        Assert.Equal("s", Assert.Single(page.GetProperty("docs").EnumerateArray()).GetProperty("key").GetString());
    }

    [TrafficFact]
    public async Task Nothing_that_a_tool_printed_in_the_recorded_sessions_reaches_a_redacted_reader()
    {
        using var calls =
            new OpencodeCalls(live.Server.Address, live.Timeout) { Base = $"/a/{live.RootToken.Reveal()}" };
        OpencodeCalls.Shared shared = await calls.ShareAsync();
        var printed = new HashSet<string>(StringComparer.Ordinal);
        foreach (RecordedTraffic.Request request in RecordedTraffic.Read().Where(one =>
            one.Call == RecordedTraffic.Call.Sync))
        {
            foreach (JsonNode? item in request.Items)
            {
                JsonNode? output = (string?)item!["type"] == "part" ? item["data"]!["state"]?["output"] : null;
                if (output is JsonValue text && text.TryGetValue(out string? line) && line.Length > 12)
                    printed.Add(line);
            }

            await calls.SyncedAsync(shared, string.Join(',', request.Items.Select(item => item!.ToJsonString())));
        }

        Assert.NotEmpty(printed);
        WireHandle root = await live.RedeemRootAsync();
        ShareToken eye = ShareToken.New(RandomId.New());
        await root.ResultAsync("attenuate", $$"""
            {"cap_id":"{{eye.CapId}}","token_digest":"{{eye.Digest}}","share_id":"{{shared.Id}}","rights":["read"],
             "caveats":{"redact":["tools"]} }
            """);
        WireHandle reader = await live.RedeemShareAsync(eye);
        var strings = new List<string>();
        long after = 0;
        for (JsonElement page = default; page.ValueKind == JsonValueKind.Undefined
            || after < page.GetProperty("head").GetInt64();)
        {
            page = await reader.ResultAsync("readOps", $$"""{"after":{{after}}}""");
            after = page.GetProperty("cursor").GetInt64();
            foreach (JsonElement op in page.GetProperty("ops").EnumerateArray())
            {
                if (op.TryGetProperty("kind", out JsonElement kind) && kind.GetString() == "part")
                    Collect(op.GetProperty("data"), strings);
            }
        }

        Assert.NotEmpty(strings);
        Assert.DoesNotContain(strings, printed.Contains);
    }

    private static void Collect(JsonElement json, List<string> strings)
    {
        if (json.ValueKind == JsonValueKind.String) strings.Add(json.GetString()!);
        if (json.ValueKind == JsonValueKind.Array)
            foreach (JsonElement element in json.EnumerateArray()) Collect(element, strings);
        if (json.ValueKind == JsonValueKind.Object)
            foreach (JsonProperty member in json.EnumerateObject()) Collect(member.Value, strings);
    }

    private static string Ops(JsonElement page) => page.GetProperty("ops").GetRawText();

    private Task<JsonElement> AppendAsync(string ops) =>
        handle.ResultAsync("appendOps", $$"""{"batch_id":"b","ops":[{{ops}}]}""");

    private async Task<ShareToken> InviteAsync(string caveats)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        await handle.ResultAsync(
            "attenuate",
            $$"""
            {"cap_id":"{{token.CapId}}","token_digest":"{{token.Digest}}","rights":["read"],
             "caveats":{{caveats}}}
            """);
        return token;
    }
}
