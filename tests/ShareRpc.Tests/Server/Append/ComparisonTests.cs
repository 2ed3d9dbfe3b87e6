using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Append;

namespace ShareRpc.Tests.Server.Append;

/// <summary>What the commit thread does for <c>if_changed</c> and <c>depends_on</c> is bounded, and right.</summary>
public sealed class ComparisonTests
{
    [Theory]
    [InlineData("""{"a":1,"b":[true,null]}""", """ {"b" : [true, null], "a":1.0} """)]
    [InlineData("[100,-0.5,0,-0]", "[1e2,-5E-1,0.0e9,0]")]
    [InlineData("[12300e-2]", "[123]")]
    [InlineData("""{"a":0,"a":"\u0041"}""", """{"a":"A"}""")]
    public void Values_that_are_equal_as_JSON_have_one_digest(string left, string right) =>
        Assert.Equal(JsonDigest.Of(RawJson.Parse(left))!, JsonDigest.Of(RawJson.Parse(right))!);

    [Fact]
    public void Other_values_have_other_digests()
    {
        string[] values =
        [
            "{}", "[]", "[[]]", "[{}]", "[null]", "[false]", "[true]", "[0]", "[1]", "[10]", "[-1]",
            "[1e1000]", "[1e1001]",
            "[\"\"]", "[\"0\"]", "[\"null\"]", "[0,1]", "[1,0]", "[[0],1]", "[[0,1]]", "{\"a\":0}", "{\"a\":1}",
            "{\"a\":{}}", "{\"a\":[]}", "{\"b\":0}", "{\"a\":0,\"b\":1}", "{\"a\":1,\"b\":0}", "[\"a\",\"b\"]",
            "[\"ab\"]",
        ];
        string[] digests = [.. values.Select(text => Convert.ToHexString(JsonDigest.Of(RawJson.Parse(text))!))];
        Assert.Equal(values.Length, digests.Distinct().Count());
        Assert.Null(JsonDigest.Of(new RawJson("[\"\\ud800\"]"u8.ToArray())));
    }

    [Fact]
    public async Task What_was_put_with_if_changed_is_compared_without_a_look_at_the_document()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        string large = new('x', 300_000);
        Assert.Single((await SendAsync(rooms, owner, $$"""{"text":"{{large}}","n":1}""")).Applied);
        int looks = 0;
        rooms.Store.OnLook = what => looks += what == "content" ? 1 : 0;
        Ack same = await SendAsync(rooms, owner, $$"""{"n":1.0,"text":"{{large}}"}""");
        Assert.Equal(1, Assert.Single(same.Duplicates).Cursor);
        await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        Assert.Single((await SendAsync(rooms, owner, $$"""{"n":1.0,"text":"{{large}}"}""")).Duplicates);
        Assert.Single((await SendAsync(rooms, owner, """{"n":1}""")).Applied);
        Assert.Single((await SendAsync(rooms, owner, $$"""{"n":1.0,"text":"{{large}}"}""")).Applied);
        Assert.Equal(0, looks);
    }

    [Fact]
    public async Task The_value_that_counts_is_the_one_inside_the_transaction()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        Authority owner = await rooms.CreateShareAsync();
        await SendAsync(rooms, owner, """{"v":"a"}""");
        Task<Ack>[] calls = await rooms.HoldUpAsync<Task<Ack>[]>(
            () =>
            [
                SendAsync(rooms, owner, """{"v":"b"}"""), SendAsync(rooms, owner, """{"v":"a"}"""),
                SendAsync(rooms, owner, """{ "v":"a"}"""), rooms.AppendAsync(owner, ServerRooms.Put("k") with
                {
                    Verb = Verbs.Append, Data = RawJson.Parse("""{"field":"v","text":"b"}"""),
                }),
                SendAsync(rooms, owner, """{"v":"a"}"""), SendAsync(rooms, owner, """{"v":"a"}"""),
                rooms.AppendAsync(owner, ServerRooms.Put("k") with { Verb = Verbs.Remove, Data = null }),
                SendAsync(rooms, owner, """{"v":"a"}"""),
            ],
            timeout.Token);
        Ack[] acks = await Task.WhenAll(calls);
        Assert.Equal([1, 1, 0, 1, 1, 0, 1, 1], acks.Select(ack => ack.Applied.Count));
    }

    [Fact]
    public async Task A_value_that_was_taken_back_is_not_remembered()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        rooms.Store.Break();
        await Assert.ThrowsAsync<ShareRpc.Protocol.Errors.ShareRpcException>(
            () => SendAsync(rooms, owner, """{"v":"lost"}"""));
        rooms.Store.Repair();
        OpIntent lost = ServerRooms.Put("k", """{"v":"lost"}""") with { IfChanged = true };
        await rooms.Log.AppendAsync(owner, null, new OpBatch
        {
            BatchId = "b", Ops = [lost, ServerRooms.Put("l") with { Verb = "merge" }], Atomic = true,
        });
        await rooms.AppendAsync(owner, ServerRooms.Put("k", """{"v":"kept"}""")); // takes the cursor
        Assert.Single((await rooms.AppendAsync(owner, lost)).Applied);
    }

    [Fact]
    public async Task A_batch_looks_up_each_op_that_it_depends_on_once()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        string[] needed = [.. Enumerable.Range(0, 16).Select(i => $"needed{i}")];
        await rooms.AppendAsync(owner, [.. needed.Select(id => ServerRooms.Put(id, opId: id))]);
        int looks = 0;
        rooms.Store.OnLook = what => looks += what == "op record" ? 1 : 0;
        Ack ack = await rooms.AppendAsync(
            owner, [.. Enumerable.Range(0, 1_000).Select(i => ServerRooms.Put($"k{i}") with { DependsOn = needed })]);
        Assert.Equal(1_000, ack.Applied.Count);
        Assert.InRange(looks, 16, 1_000 + 16); // one for each op itself
    }

    private static Task<Ack> SendAsync(ServerRooms rooms, Authority owner, string json) =>
        rooms.AppendAsync(owner, ServerRooms.Put("k", json) with { IfChanged = true });
}
