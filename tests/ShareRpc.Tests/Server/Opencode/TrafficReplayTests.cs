using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Protocol.Wire;
using Shared = ShareRpc.Tests.Server.Opencode.OpencodeCalls.Shared;
using static ShareRpc.Tests.Server.Opencode.RecordedTraffic;

namespace ShareRpc.Tests.Server.Opencode;

/// <summary>What opencode really sent, sent again: in order, out of order, and more than once.</summary>
public sealed class TrafficReplayTests : IAsyncLifetime, IDisposable
{
    private static readonly string[] Versioned = ["session", "message", "part"];
    private readonly Dictionary<string, Shared> shares = [];
    private LiveServer live = null!;
    private OpencodeCalls calls = null!;

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync();
        calls = new OpencodeCalls(live.Server.Address, live.Timeout) { Base = $"/a/{live.RootToken.Reveal()}" };
    }

    public Task DisposeAsync() => live.DisposeAsync().AsTask();

    public void Dispose() => calls.Dispose();

    [TrafficFact]
    public async Task In_order_it_ends_as_the_last_version_of_each_key_until_it_is_unshared()
    {
        var expected = new Dictionary<string, Dictionary<string, JsonNode>>();
        int unshared = 0;
        foreach (Request request in RecordedTraffic.Read())
        {
            string name = request.Name[^8..];
            switch (request.Call)
            {
                case Call.Share:
                    Shared again = await calls.ShareAsync(request.Name);
                    if (shares.TryGetValue(name, out Shared? known)) Assert.Equal(known.Id, again.Id);
                    else expected[name] = [];
                    shares[name] = again;
                    break;
                case Call.Sync:
                    await SyncAsync(request);
                    Remember(expected[name], request.Items);
                    break;
                default:
                    if (shares.TryGetValue(name, out Shared? shared))
                    {
                        await AssertStateAsync(expected[name], shared, Versioned, "session_diff");
                        Assert.Equal(HttpStatusCode.OK, (await calls.DeleteAsync(shared.Id, shared.Secret)).StatusCode);
                        Assert.Equal(HttpStatusCode.NotFound, (await calls.DataAsync(shared.Capability)).StatusCode);
                        shares.Remove(name);
                        unshared++;
                    }

                    break;
            }
        }

        Assert.True(unshared >= 3);
        Assert.NotEmpty(shares);
        foreach ((string name, Shared shared) in shares)
            await AssertStateAsync(expected[name], shared, Versioned, "session_diff");
    }

    [TrafficFact]
    public async Task Replayed_a_second_time_it_adds_no_op_for_kinds_that_carry_their_own_version()
    {
        List<Request> syncs = await ShareAllAsync();
        foreach (Request sync in syncs) await SyncAsync(sync);
        Dictionary<string, long> heads = [];
        foreach ((string name, Shared shared) in shares) heads[name] = (await OpsAsync(shared, 0)).Count;

        foreach (Request sync in syncs) await SyncAsync(sync);

        foreach ((string name, Shared shared) in shares)
        {
            IEnumerable<string> kinds =
                (await OpsAsync(shared, heads[name])).Select(op => op.GetProperty("kind").GetString()!);
            Assert.DoesNotContain(kinds, Versioned.Contains);
            await AssertStateAsync(Last(syncs, name), shared, Versioned, "session_diff");
        }
    }

    [TrafficFact]
    public async Task Late_and_repeated_requests_end_in_the_same_state()
    {
        List<Request> syncs = await ShareAllAsync();
        for (int i = 0; i < syncs.Count; i += 2)
        {
            // The next one overtakes, and comes again after the late one.
            if (i + 1 < syncs.Count) await SyncAsync(syncs[i + 1]);
            await SyncAsync(syncs[i]);
            if (i + 1 < syncs.Count) await SyncAsync(syncs[i + 1]);
            if (i > 0) await SyncAsync(syncs[i - 1]);
        }

        foreach ((string name, Shared shared) in shares) await AssertStateAsync(Last(syncs, name), shared, Versioned);
    }

    [TrafficFact]
    public async Task Requests_that_overlap_in_time_end_in_the_same_state()
    {
        List<Request> syncs = await ShareAllAsync();
        foreach (Request[] together in syncs.Chunk(5))
            await Task.WhenAll(together.Concat(together.Reverse()).Select(SyncAsync));
        foreach ((string name, Shared shared) in shares) await AssertStateAsync(Last(syncs, name), shared, Versioned);
    }

    private static Dictionary<string, JsonNode> Last(IEnumerable<Request> syncs, string name)
    {
        var last = new Dictionary<string, JsonNode>();
        foreach (Request sync in syncs.Where(sync => sync.Name == name)) Remember(last, sync.Items);
        return last;
    }

    private static void Remember(Dictionary<string, JsonNode> last, JsonArray items)
    {
        foreach (JsonNode? item in items) last[KeyOf(item!)] = item!["data"]!;
    }

    private static string KeyOf(JsonNode item) =>
        $"{item["type"]} {(item["data"] is JsonObject data ? (string?)data["id"] : "")}";

    private async Task<List<Request>> ShareAllAsync()
    {
        IReadOnlyList<Request> requests = RecordedTraffic.Read();
        foreach (string session in requests.Where(request => request.Call == Call.Share).Select(request =>
            request.Name).Distinct())
        {
            shares[session[^8..]] = await calls.ShareAsync(session);
        }

        return [.. requests.Where(request => request.Call == Call.Sync)];
    }

    private async Task SyncAsync(Request sync)
    {
        string items = sync.Items.ToJsonString();
        await calls.SyncedAsync(shares[sync.Name], items[1..^1]);
    }

    private async Task AssertStateAsync(
        Dictionary<string, JsonNode> expected, Shared shared, IReadOnlyList<string> types, params string[] moreTypes)
    {
        string[] wanted = [.. types, .. moreTypes];
        Dictionary<string, JsonNode> state =
            (await calls.ImportAsync(shared)).Where(item => wanted.Contains((string)item!["type"]!))
            .ToDictionary(item => KeyOf(item!), item => item!["data"]!);
        Assert.Equal(
            expected.Keys.Where(key => wanted.Contains(key.Split(' ')[0])).Order(StringComparer.Ordinal),
            state.Keys.Order(StringComparer.Ordinal));
        foreach ((string key, JsonNode data) in state)
            Assert.True(JsonNode.DeepEquals(expected[key], data), $"{key}: {data}");
    }

    private async Task<List<JsonElement>> OpsAsync(Shared shared, long after)
    {
        Assert.True(ShareToken.TryParse(shared.Capability, out ShareToken? token));
        WireHandle handle = await live.RedeemShareAsync(token);
        var ops = new List<JsonElement>();
        for (JsonElement page; ; after = page.GetProperty("cursor").GetInt64())
        {
            page = await handle.ResultAsync("readOps", $$"""{"after":{{after}}}""");
            if (page.GetProperty("ops").GetArrayLength() == 0) return ops;
            ops.AddRange(page.GetProperty("ops").EnumerateArray());
        }
    }
}
