using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Connections;

public sealed class RpcSessionTests
{
    private const string Waiting = """{"wait_ms":30000}""";

    private static readonly ProtocolLimits SmallFrames =
        new() { FrameBytes = 100_000, OpBytes = 1_000, BatchBytes = 1_000, DocumentBytes = 1_000 };

    [Theory]
    [InlineData(100_000, null)]
    [InlineData(100_001, 1009)]
    public async Task A_message_in_fragments_is_counted_as_one(int bytes, int? closedWith)
    {
        await using LiveServer live = await LiveServer.StartAsync(SmallFrames);
        WireConnection connection = await live.ConnectAsync();
        for (int round = 0; round < 2; round++)
        {
            byte[] message = Message(bytes);
            for (int at = 0; at < bytes; at += 40_000)
            {
                int end = Math.Min(at + 40_000, bytes);
                await connection.SendAsync(message[at..end], WebSocketMessageType.Text, endOfMessage: end == bytes);
            }

            if (closedWith is not null) break;
            Assert.Equal("method_not_found", Code(await connection.ReceiveAsync("1")));
        }

        if (closedWith is not null) Assert.Equal(closedWith, await connection.ReceiveCloseAsync());
    }

    [Fact]
    public async Task A_message_far_over_the_limit_is_closed_with_the_reason_and_not_just_broken()
    {
        await using LiveServer live = await LiveServer.StartAsync(SmallFrames);
        for (int round = 0; round < 5; round++)
        {
            WireConnection connection = await live.ConnectAsync();
            await connection.SendAsync(Message(300_000), WebSocketMessageType.Text);
            Assert.Equal(1009, await connection.ReceiveCloseAsync());
        }
    }

    [Fact]
    public async Task A_cancelled_or_ended_call_gives_its_place_back()
    {
        await using LiveServer live =
            await LiveServer.StartAsync(new ProtocolLimits { CallsInFlight = 3, WaitingReads = 3 });
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        for (int round = 0; round < 5; round++)
        {
            var ids = new List<string>();
            for (int i = 0; i < 3; i++) ids.Add(await owner.Connection.RequestAsync(owner.Path("readOps"), Waiting));
            Assert.Equal("too_many_calls", Code(await owner.CallAsync("getState", "{}")));
            foreach (string id in ids)
            {
                await owner.Connection.SendTextAsync(
                    $$"""{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":{{id}} } }""");
                JsonElement answer = await owner.Connection.ReceiveAsync(id);
                Assert.Equal(-32800, answer.GetProperty("error").GetProperty("code").GetInt32());
            }
        }

        await owner.ResultAsync("getState", "{}");
    }

    [Fact]
    public async Task As_many_reads_wait_as_the_limit_says_and_other_calls_go_on()
    {
        await using LiveServer live = await LiveServer.StartAsync(new ProtocolLimits { WaitingReads = 2 });
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        for (int round = 0; round < 3; round++)
        {
            string after = $$"""{"after":{{round}},"wait_ms":30000}""";
            string[] ids = new string[2];
            for (int i = 0; i < 2; i++) ids[i] = await owner.Connection.RequestAsync(owner.Path("readOps"), after);
            JsonElement refused = await owner.CallAsync("readOps", after);
            Assert.Equal("too_many_calls", Code(refused));
            Assert.True(refused.GetProperty("error").GetProperty("data").GetProperty("retry_after_ms").GetInt32() > 0);
            await owner.ResultAsync("readOps", "{}");
            await owner.ResultAsync("appendOps", LiveServer.Batch($"op{round}"));
            foreach (string id in ids)
            {
                Assert.Equal(1, (await owner.Connection.ReceiveAsync(id)).GetProperty("result").GetProperty(
                    "ops").GetArrayLength());
            }
        }
    }

    [Fact]
    public async Task A_call_without_an_id_is_not_made()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        string batch = LiveServer.Batch("a");
        await owner.Connection.SendTextAsync(
            $$"""{"jsonrpc":"2.0","method":"{{owner.Path("appendOps")}}","params":{{batch}}}""");
        await owner.Connection.SendTextAsync($$"""{"jsonrpc":"2.0","method":"{{owner.Path("endShare")}}"}""");
        Assert.Equal(1, (await owner.ResultAsync("appendOps", LiveServer.Batch("b"))).GetProperty("cursor").GetInt64());
    }

    [Fact]
    public async Task A_message_whose_id_is_neither_a_number_nor_a_string_closes_with_1007()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        WireConnection connection = await live.ConnectAsync();
        await connection.SendTextAsync("""{"jsonrpc":"2.0","id":true,"method":"none","params":{}}""");
        Assert.Equal(1007, await connection.ReceiveCloseAsync());
    }

    [Fact]
    public async Task Only_the_methods_of_the_interfaces_can_be_called()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        string[] notThere =
        [
            "AppendOpsAsync", "AppendOps", "appendops", "AppendAsync", "ToString", "GetHashCode", "GetType",
            "GetStateAsync", "createShare",
        ];
        foreach (string method in notThere)
        {
            Assert.Equal("method_not_found", Code(await owner.CallAsync(method, "{}")));
        }

        foreach (string method in new[] { "RedeemShareAsync", "RedeemShare", "redeemshare", "ToString", "rpc.discover",
            "" })
        {
            Assert.Equal("method_not_found", Code(await owner.Connection.CallAsync(method, "{}")));
        }
    }

    [Fact]
    public async Task Required_fields_that_are_null_are_missing()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        WireConnection connection = await live.ConnectAsync();
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync(), connection);
        WireHandle root = await live.RedeemRootAsync(connection);
        (WireHandle Handle, string Method, string Params)[] calls =
        [
            (owner, "appendOps", """{"batch_id":"b","ops":null}"""),
            (owner, "attenuate", """{"cap_id":null,"token_digest":null,"rights":null}"""),
            (owner, "revokeCapability", """{"cap_id":null}"""), (owner, "getState", """{"after_key":{}}"""),
            (owner, "getState", """{"kinds":[null]}"""),
            (root, "createShare", """{"share_id":null,"cap_id":null,"token_digest":null}"""),
            (root, "deleteShare", """{"share_id":null}"""),
        ];
        foreach ((WireHandle handle, string method, string parameters) in calls)
        {
            Assert.Equal($"{method} invalid_params", $"{method} {Code(await handle.CallAsync(method, parameters))}");
        }

        string[] batches =
        [
            """{"batch_id":null,"ops":[]}""", """{"batch_id":"b","ops":[null]}""",
            """{"batch_id":"b","ops":[{"op_id":null,"verb":null,"kind":null,"key":null}]}""",
        ];
        foreach (string batch in batches)
        {
            Assert.Contains(Code(await owner.CallAsync("appendOps", batch)),
                new[] { "invalid_batch", "invalid_params" });
        }
    }

    [Fact]
    public async Task A_read_waiting_on_a_handle_that_is_disposed_ends_with_the_next_revocation_and_not_after()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        ShareToken token = await LiveServer.AttenuateAsync(owner, Rights.Read);
        WireHandle viewer = await live.RedeemShareAsync(token);
        string id = await viewer.Connection.RequestAsync(viewer.Path("readOps"), Waiting);
        await viewer.Connection.SendTextAsync($$"""{"jsonrpc":"2.0","method":"{{viewer.Path("Dispose")}}"}""");
        Assert.Equal("method_not_found", Code(await viewer.CallAsync("readOps", "{}")));

        await owner.ResultAsync("revokeCapability", $$"""{"cap_id":"{{token.CapId}}"}""");
        await owner.ResultAsync("appendOps", LiveServer.Batch("a"));

        Assert.Equal("capability_revoked", Code(await viewer.Connection.ReceiveAsync(id)));
    }

    private static string Code(JsonElement response) =>
        response.TryGetProperty("error", out JsonElement error)
            ? error.GetProperty("data").GetProperty("code").GetString()! : "a result";

    private static byte[] Message(int bytes)
    {
        const string Start = """{"jsonrpc":"2.0","id":1,"method":"none","params":{"x":""";
        return Encoding.ASCII.GetBytes($"{Start}\"{new string('x', bytes - Start.Length - 4)}\"}}}}");
    }
}
