using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Protocol.Vectors;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server;
using ShareRpc.Tests.Server.Opencode;
using Shared = ShareRpc.Tests.Server.Opencode.OpencodeCalls.Shared;

namespace ShareRpc.Tests.Attacks;

/// <summary>
/// Inputs from the grammars of frames, bodies, ops and agents' files: nothing ends unseen, nothing takes over a second,
/// nothing is kept. <c>eng/deep-tests fuzz</c> takes 1,000,000 of them; SHARERPC_SEED gives others.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class FuzzTests
{
    private const int BatchOps = 40;
    private const string Thread = "01a00000-0000-7000-8000-000000000001";
    private const long KeptBytes = 64 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromHours(3);
    private static readonly int Size = NumberOf("SHARERPC_SIZE", 2_000);
    private readonly Grammar grammar = new(NumberOf("SHARERPC_SEED", 1));

    [Fact]
    public async Task Calls_of_any_form_are_answered_or_close_their_connection()
    {
        await using LiveServer live = await LiveServer.StartAsync(patience: Patience);
        ShareToken token = await live.CreateShareAsync();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        WireHandle? share = null;
        for (int i = 0; i < Size / 4; i++)
        {
            share ??= await live.RedeemShareAsync(token);
            string id = (1_000_000 + i).ToString(CultureInfo.InvariantCulture);
            string frame = grammar.Damaged(Call(id, share));
            share = await TryAsync(frame, share, id) ? share : null;
            if (share is null) live.CloseConnections();
        }

        live.CloseConnections();
        AssertNothingIsKept(before);

        // What is no call of that id is not answered; then the next one is.
        async Task<bool> TryAsync(string frame, WireHandle on, string id)
        {
            try
            {
                return await Hangs.NoneAsync(frame, async () =>
                {
                    await on.Connection.SendTextAsync(frame);
                    await on.Connection.CallAsync("nothing", "{}");
                    return true;
                });
            }
            catch (Exception closed) when (closed is WebSocketException or IOException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task Bodies_of_any_form_are_answered()
    {
        await using LiveServer live =
            await LiveServer.StartAsync(
                more: options => options with { OpenCreation = true }, patience: Patience);
        using var calls = new OpencodeCalls(live.Server.Address, live.Timeout);
        Shared shared = await calls.ShareAsync();
        ShareToken token = await live.CreateShareAsync();
        string id = (await live.RedeemShareAsync(token)).Redemption.GetProperty("share_id").GetString()!;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        int taken = 0;
        for (int i = 0; i < Size / 8; i++)
        {
            bool isSync = grammar.Chance(2);
            string body = grammar.Damaged(isSync ? Sync(shared.Secret) : Batch());
            await Hangs.NoneAsync(body, async () =>
            {
                using var request = new HttpRequestMessage(
                    HttpMethod.Post, isSync ? $"/api/share/{shared.Id}/sync" : $"/v1/shares/{id}/ops");
                request.Content = new StringContent(body, Encoding.UTF8, "application/json");
                if (!isSync) request.Headers.Add("Authorization", $"Bearer {token.Reveal()}");
                using HttpResponseMessage answer = await calls.Http.SendAsync(request, live.Timeout);
                Assert.True((int)answer.StatusCode is 200 or (>= 400 and < 500), $"{answer.StatusCode} to {body}");
                if (answer.IsSuccessStatusCode) taken++;
            });
        }

        Assert.InRange(taken, 1, Size);
        AssertNothingIsKept(before);
    }

    [Fact]
    public async Task Batches_of_any_ops_leave_a_state_that_is_the_fold_of_the_log()
    {
        await using LiveServer live = await LiveServer.StartAsync(patience: Patience);
        WireHandle share = await live.RedeemShareAsync(await live.CreateShareAsync());
        for (int i = 0; i < Size / 2 / BatchOps; i++)
        {
            string batch = SoundBatch();
            await Hangs.NoneAsync(batch, async () =>
            {
                JsonElement answer = await share.CallAsync("appendOps", batch);
                if (!answer.TryGetProperty("error", out JsonElement error)) return;
                Assert.NotEqual("internal", error.GetProperty("data").GetProperty("code").GetString());
            });
        }

        JsonElement head = await share.ResultAsync("readOps", """{"limit":1}""");
        var folded = new Dictionary<(string Kind, string Key), RawJson>();
        long cursors = 0;
        while (cursors < head.GetProperty("head").GetInt64())
        {
            JsonElement page = await share.ResultAsync("readOps", $$"""{"after":{{cursors}}}""");
            foreach (JsonElement op in page.GetProperty("ops").EnumerateArray())
            {
                Assert.Equal(++cursors, op.GetProperty("cursor").GetInt64());
                Fold(folded, op);
            }
        }

        Assert.InRange(cursors, Size / 40, Size); // most batches were refused otherwise, and nothing was tested
        foreach (JsonElement document in await StateAsync(share))
        {
            Assert.True(folded.Remove(KeyOf(document), out RawJson mine), document.ToString());
            Assert.Equal(JsonSame.Canonical(mine.ToString()), JsonSame.Canonical(document.GetProperty("data")));
        }

        Assert.Empty(folded);
    }

    private static void Fold(Dictionary<(string Kind, string Key), RawJson> documents, JsonElement op)
    {
        (string, string) key = KeyOf(op);
        RawJson? before = documents.TryGetValue(key, out RawJson known) ? known : null;
        RawJson? data = op.TryGetProperty("data", out JsonElement value) ? RawJson.Of(value) : null;
        RawJson? after = DocumentFold.Apply(before, op.GetProperty("verb").GetString()!, data);
        if (after is { } left) documents[key] = left;
        else documents.Remove(key);
    }

    private static (string Kind, string Key) KeyOf(JsonElement op) =>
        (op.GetProperty("kind").GetString()!, op.GetProperty("key").GetString()!);

    private static async Task<List<JsonElement>> StateAsync(WireHandle share)
    {
        var documents = new List<JsonElement>();
        string after = "";
        while (true)
        {
            JsonElement page = await share.ResultAsync("getState", $$"""{"limit":30{{after}} }""");
            documents.AddRange(page.GetProperty("docs").EnumerateArray());
            if (!page.TryGetProperty("next_key", out JsonElement next)) return documents;
            after = $",\"after_key\":{next.GetRawText()}";
        }
    }

    [Fact]
    public async Task Files_of_any_form_are_read_or_named()
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        int documents = 0;
        for (int i = 0; i < Size / 8; i += 20)
        {
            using var folder = new TemporaryDirectory();
            string text = string.Join('\n', Enumerable.Range(0, 20).Select(_ => grammar.Damaged(Record()))) + "\n";
            Write(folder, $".codex/sessions/2026/11/30/rollout-2026-11-30T10-00-01-{Thread}.jsonl",
                $$"""{"type":"session_meta","payload":{"id":"{{Thread}}","cwd":"/p"} }""", text);
            Write(folder, ".gemini/tmp/p/chats/session-2026-11-30T10-00-s1.jsonl",
                """{"sessionId":"s1","projectHash":"h","startTime":"2026-11-30T10:00:00Z","kind":"main"}""", text);
            Write(folder, ".gemini/tmp/p/.project_root", "/p", "");
            var home = new AgentHome(folder.Path, folder["state"], _ => null);
            await Hangs.NoneAsync(text, () =>
            {
                foreach (IAgentStorage storage in AgentStorages.On(home)) documents += ReadAll(storage);
                return Task.CompletedTask;
            });
        }

        Assert.InRange(documents, Size / 80, int.MaxValue);
        AssertNothingIsKept(before);
    }

    /// <summary>Returns how many changes of documents there were.</summary>
    private static int ReadAll(IAgentStorage storage)
    {
        int changes = 0;
        try
        {
            foreach (AgentSession session in storage.Sessions())
            {
                using ISessionReader reader = storage.Open(session, bookmark: null);
                foreach (SourceStep step in reader.Read())
                {
                    Assert.NotNull(step.Bookmark);
                    changes += step.Changes.Count;
                }
            }
        }
        catch (UnknownStorageException)
        {
            // It says what it cannot place.
        }

        return changes;
    }

    private static void Write(TemporaryDirectory folder, string path, string first, string rest)
    {
        string file = Path.Combine(folder.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, first + "\n" + rest);
    }

    private static void AssertNothingIsKept(long before) =>
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, KeptBytes);

    private static int NumberOf(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number)
            ? number : otherwise;

    private string Call(string id, WireHandle share)
    {
        string method = grammar.Of(
            "readOps", "appendOps", "getState", "attenuate", "revokeCapability", "suspendCapability",
            "resumeCapability", "rotateCapability", "listCapabilities", "listAudit", "subscribe");
        string parameters = method switch
        {
            "appendOps" => Batch(),
            "readOps" => grammar.Object(
                ("after", grammar.Number(9)), ("limit", "5"), ("max_bytes", "1000"), ("wait_ms", "1")),
            "getState" => grammar.Object(("kinds", grammar.List(3, () => "\"part\"")), ("limit", "3"),
                ("after_key", grammar.Object(("kind", "\"part\""), ("key", "\"k\"")))),
            _ => grammar.Object(("cap_id", "\"AAAAAAAAAAAAAAAAAAAAAA\""), ("token_digest", grammar.Text(4)),
                ("rights", grammar.List(3, () => "\"read\"")), ("caveats", grammar.Value(1)), ("after", "0"),
                ("limit", "2")),
        };
        string path = grammar.Chance(6) ? grammar.Of("redeemShare", "redeemRoot", method) : share.Path(method);
        return grammar.Object(("jsonrpc", "\"2.0\""), ("id", id), ("method", $"\"{path}\""), ("params", parameters));
    }

    private string Batch(int ops = 6) => grammar.Object(
        ("batch_id", "\"b\""),
        ("ops", $"[{string.Join(',', Enumerable.Range(0, 1 + grammar.Pick(ops)).Select(_ => Op()))}]"));

    /// <summary>Ops that are mostly sound, since one that is not has its batch refused.</summary>
    private string SoundBatch() =>
        $$"""{"batch_id":"b","ops":[{{string.Join(',', Enumerable.Range(0, 1 + grammar.Pick(BatchOps))
            .Select(_ => grammar.Chance(40) ? Op() : SoundOp()))}}]}""";

    private string SoundOp()
    {
        string verb = grammar.Of("put", "put", "remove", "append");
        string data = verb switch
        {
            "append" => $$""","data":{"field":"text","text":{{grammar.Text(20)}}}""",
            "put" => $$""","data":{{grammar.Value(0)}}""",
            _ => "",
        };
        string kind = grammar.Of("part", "message", "session", "x.y");
        string ifChanged = verb == "put" && grammar.Chance(2) ? ",\"if_changed\":true" : "";
        return $$"""{"op_id":"o{{grammar.Number(100_000_000)}}","verb":"{{verb}}","kind":"{{kind}}","""
            + $$""" "key":"k{{grammar.Pick(20)}}"{{data}}{{ifChanged}}}""";
    }

    private string Op() => grammar.Object(
        ("op_id", $"\"o{grammar.Number(100_000_000)}\""),
        ("verb", grammar.Of("\"put\"", "\"put\"", "\"remove\"", "\"append\"")),
        ("kind", grammar.Of("\"part\"", "\"message\"", "\"turn\"", "\"session\"", "\"x.y\"")),
        ("key", $"\"k{grammar.Pick(20)}\""),
        ("data", grammar.Pick(3) switch
        {
            0 => grammar.Object(("field", "\"text\""), ("text", grammar.Text(20))),
            1 => grammar.Object(("state", grammar.Of("\"streaming\"", "\"completed\"")), ("text", grammar.Text(9))),
            _ => grammar.Value(0),
        }),
        ("if_changed", grammar.Of("true", "false")));

    private string Sync(string secret) => grammar.Object(
        ("secret", $"\"{secret}\""),
        ("data", grammar.List(4, () => grammar.Object(
            ("type", grammar.Of("\"part\"", "\"message\"", "\"session\"", "\"session_diff\"", "\"model\"")),
            ("data", grammar.Object(("id", $"\"i{grammar.Pick(9)}\""), ("messageID", "\"m\""),
                ("text", grammar.Text(9)),
                ("time", grammar.Value(2))))))));

    private string Record() => grammar.Object(
        ("timestamp", "\"2026-11-30T10:00:00Z\""),
        ("type", grammar.Of("\"event_msg\"", "\"response_item\"", "\"turn_context\"", "\"user\"", "\"gemini\"",
            "\"compacted\"")),
        ("id", $"\"r{grammar.Pick(30)}\""),
        ("content", grammar.List(3, () => grammar.Object(("text", grammar.Text(9)), ("type", "\"input_text\"")))),
        ("toolCalls", grammar.List(2, () => grammar.Object(("id", "\"c\""), ("name", "\"shell\""),
            ("args", grammar.Value(2)), ("status", "\"success\""), ("result", grammar.Value(2))))),
        ("$set", grammar.Object(("messages", grammar.List(2, () => grammar.Value(2))), ("sessionId", "\"s1\""))),
        ("payload", grammar.Object(
            ("type", grammar.Of("\"message\"", "\"function_call\"", "\"function_call_output\"", "\"reasoning\"",
                "\"agent_message\"", "\"token_count\"", "\"task_started\"", "\"exec_command_end\"")),
            ("role", grammar.Of("\"user\"", "\"assistant\"", "\"developer\"")), 
            ("call_id", $"\"c{grammar.Pick(5)}\""), ("name", "\"shell\""), ("arguments", grammar.Text(9)),
            ("output", grammar.Value(2)),
            ("content",
                grammar.List(3, () => grammar.Object(("type", "\"input_text\""), ("text", grammar.Text(9))))),
            ("info", grammar.Value(2)), ("message", grammar.Text(9)))));
}
