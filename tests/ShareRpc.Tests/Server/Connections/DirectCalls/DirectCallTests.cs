using System.Text.Json;
using System.Text.RegularExpressions;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Connections.DirectCalls;

/// <summary>
/// Appends and reads go past the RPC layer when they are written as clients write them, and nobody can tell.
/// </summary>
public sealed partial class DirectCallTests
{
    /// <summary>Members of one op, or whole parameters.</summary>
    public static TheoryData<string, string> Calls => new()
    {
        { "appendOps", Batch("""{"op_id":"a","verb":"put","kind":"note","key":"k","data":{"x":[1,2,{"y":null}]}}""") },
        { "appendOps", $"[{Batch("""{"op_id":"a","verb":"put","kind":"note","key":"k","data":{"x":1}}""")}]" },
        { "appendOps", Batch("""{"op_id":"a","verb":"put","kind":"no ","key":"k","data":{}}""") },
        { "appendOps", Batch("""{"op_id":"a","verb":"remove","kind":"note","key":"é\u0041"}""") },
        { "appendOps", Batch(
            """{"op_id":"a","verb":"append","kind":"part","key":"k","data":{"field":"text","text":"\ud83d"}}""") },
        { "appendOps", Batch("""{"op_id":"a","verb":"put","kind":"note","key":"k","data":null}""") },
        { "appendOps", Batch("""{"op_id":"a","verb":"put","kind":"note","key":"k","data":"text"}""") },
        { "appendOps", Batch("""{"op_id":"a","verb":"put","kind":"note","key":"\ud83d","data":{}}""") },
        { "appendOps", Batch("""{"op_id":"a","op_id":"z","verb":"put","kind":"note","key":"k","data":{}}""") },
        { "appendOps", Batch("""{"op_id":"a","seq":1,"verb":"put","kind":"note","key":"k","data":{}}""") },
        { "appendOps", Batch("""{"op_id":"a","seq":"1","verb":"put","kind":"note","key":"k","data":{}}""") },
        { "appendOps", Batch("""{"op_id":"a","verb":"put","kind":"note","key":"k","data":{},"depends_on":["x"]}""",
            ",\"atomic\":true") },
        { "appendOps", Batch("""{"op_id":"a","verb":"put","kind":"note","key":"k","data":{},"depends_on":[null]}""") },
        { "appendOps",
            Batch("""{"op_id":"a","verb":"put","kind":"note","key":"k","data":{}}""", ",\"expected_cursor\":7") },
        { "appendOps", Batch("""{"op_id":"a","verb":"put","kind":"note","key":"k","data":{},"if_changed":null}""") },
        { "appendOps", Batch("""{"op_id":"a","verb":"put","kind":"note","key":"k","data":{},"new":{"er":1}}""") },
        { "appendOps", Batch("""{"op_id":null,"verb":"put","kind":"note","key":"k","data":{}}""") },
        { "appendOps", Batch("null") },
        { "appendOps", Batch("") },
        { "appendOps",
            """{"batch_id":"b","\u006fps":[{"op_id":"a","verb":"put","kind":"note","key":"k","data":{}}]}""" },
        { "appendOps", """{"batch_id":"b","ops":null}""" },
        { "appendOps", """{"batch_id":"b"}""" },
        { "appendOps", "{}" },
        { "appendOps", "[]" },
        { "readOps", """{"after":0}""" },
        { "readOps", """[{"after":0,"limit":1}]""" },
        { "readOps", """{"after":0,"limit":1,"max_bytes":1,"wait_ms":0,"more":true}""" },
        { "readOps", """{"after":5,"wait_ms":1}""" },
        { "readOps", """{"after":-1}""" },
        { "readOps", """{"after":0,"limit":0}""" },
        { "readOps", """{"after":1.5}""" },
        { "readOps", """{"after":null}""" },
        { "readOps", "{}" },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_call_is_answered_alike_whichever_way_it_takes(string method, string parameters)
    {
        await using LiveServer live = await LiveServer.StartAsync();
        var answers = new List<string>();
        foreach (bool isHot in new[] { true, false })
        {
            WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
            await owner.ResultAsync("appendOps", LiveServer.Batch("first"));
            await owner.Connection.SendTextAsync(Message("\"q\"", owner.Path(method), parameters, isHot));
            JsonElement answer = await owner.Connection.ReceiveAsync("\"q\"");
            JsonElement log = await owner.ResultAsync("readOps", "{}");
            answers.Add(OwnValues().Replace(answer.GetRawText() + log.GetRawText(), "").Replace("\\u0027", "'",
                StringComparison.Ordinal));
        }

        Assert.Equal(answers[1], answers[0]);
    }

    [Fact]
    public async Task Calls_begin_in_the_order_they_were_sent_whichever_way_they_take()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        for (int round = 0; round < 20; round++)
        {
            WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
            string append = owner.Path("appendOps");
            for (int i = 0; i < 6; i++)
            {
                await owner.Connection.SendTextAsync(
                    Message($"{i}", append, LiveServer.Batch($"op{i}"), isHot: i % 2 == round % 2));
            }

            await owner.Connection.SendTextAsync(
                $$"""{"jsonrpc":"2.0","id":6,"method":"{{owner.Path("endShare")}}"}""");
            await owner.Connection.SendTextAsync(Message("7", append, LiveServer.Batch("late"), isHot: true));

            for (int i = 0; i < 6; i++)
            {
                JsonElement answer = await owner.Connection.ReceiveAsync($"{i}");
                Assert.Equal(i + 1, answer.GetProperty("result").GetProperty("cursor").GetInt64());
            }

            JsonElement late = await owner.Connection.ReceiveAsync("7");
            Assert.Equal("share_ended", late.GetProperty("error").GetProperty("data").GetProperty("code").GetString());
        }
    }

    [Fact]
    public async Task A_released_handle_is_not_there_for_hot_calls_either()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        WireHandle other = await live.RedeemShareAsync(await live.CreateShareAsync(), owner.Connection);
        await owner.Connection.SendTextAsync(
            $$"""
            {"jsonrpc":"2.0","method":"$/releaseMarshaledObject","params":{"handle":{{owner.Number}},
             "ownedBySender":false} }
            """);
        foreach (string method in new[] { "appendOps", "readOps" })
        {
            JsonElement answer = await owner.CallAsync(method, method == "readOps" ? "{}" : LiveServer.Batch("a"));
            Assert.Equal("method_not_found",
                answer.GetProperty("error").GetProperty("data").GetProperty("code").GetString());
        }

        Assert.Equal(1, (await other.ResultAsync("appendOps", LiveServer.Batch("a"))).GetProperty("cursor").GetInt64());
    }

    [Fact]
    public async Task An_id_that_spells_a_handle_introduces_none()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        string token = (await live.CreateShareAsync()).Reveal();
        string id = JsonSerializer.Serialize("\",\"result\":{\"share\":{\"__jsonrpc_marshaled\":1,\"handle\":"
            + owner.Number);
        await owner.Connection.SendTextAsync(
            $$"""{"jsonrpc":"2.0","id":{{id}},"method":"redeemShare","params":{"token":"{{token}}"} }""");
        await owner.ResultAsync("appendOps", LiveServer.Batch("mine"));

        JsonElement log = await owner.ResultAsync("readOps", "{}");

        Assert.Equal("mine", Assert.Single(log.GetProperty("ops").EnumerateArray()).GetProperty("op_id").GetString());
    }

    private static string Batch(string op, string more = "") => $$"""{"batch_id":"b","ops":[{{op}}]{{more}} }""";

    /// <summary>What is hot is written in the usual order; with the params in front it is the RPC layer's.</summary>
    private static string Message(string id, string method, string parameters, bool isHot) => isHot
        ? $$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{{parameters}} }"""
        : $$"""{"params":{{parameters}},"jsonrpc":"2.0","id":{{id}},"method":"{{method}}"}""";

    /// <summary>What differs between any two shares.</summary>
    [GeneratedRegex(@"""(actor|time_ms)"":(""[^""]*""|\d+)")]
    private static partial Regex OwnValues();
}
