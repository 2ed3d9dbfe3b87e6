using System.Text.Json.Nodes;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server;
using ShareRpc.Server.Access;

namespace ShareRpc.Tests.Server.Turns;

public sealed class TurnSweeperTests
{
    private static readonly TimeSpan Lease = ServerLimits.Default.TurnLease;
    private readonly string writer = RandomId.New();
    private long seq;

    [Fact]
    public async Task A_session_whose_agent_died_shows_its_last_turn_aborted_within_the_lease()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        await PutTurnAsync(rooms, owner, """{"state":"streaming","message":"m1","n":1.50}""");
        await SweepForAsync(rooms, Lease - ServerLimits.Default.TurnSweepInterval);
        Assert.Equal("streaming", (await TurnAsync(rooms, owner))["state"]!.GetValue<string>());

        await SweepForAsync(rooms, ServerLimits.Default.TurnSweepInterval);

        var expected = new JsonObject
        {
            ["message"] = "m1", ["n"] = 1.5, ["state"] = "aborted", ["provisional"] = true, ["writer_id"] = writer,
        };
        Assert.True(JsonNode.DeepEquals(expected, await TurnAsync(rooms, owner)),
            (await TurnAsync(rooms, owner)).ToJsonString());
        await SweepForAsync(rooms, Lease * 3);
        LoggedOp ending = (await LogAsync(rooms, owner))[^1];
        Assert.Equal((2L, null, null, owner.Ref.CapId), (ending.Cursor, ending.WriterId, ending.Seq, ending.Actor));
    }

    [Fact]
    public async Task A_laptop_that_wakes_up_still_lands_its_true_ending_once()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        await PutTurnAsync(rooms, owner, """{"state":"streaming"}""");
        await SweepForAsync(rooms, Lease * 2);
        Assert.Equal("aborted", (await TurnAsync(rooms, owner))["state"]!.GetValue<string>());

        Assert.Equal("turn_final",
            Assert.Single((await PutTurnAsync(rooms, owner, """{"state":"streaming"}""")).Rejected).Code);
        Assert.Single((await PutTurnAsync(rooms, owner, """{"state":"completed"}""")).Applied);
        Assert.Equal("""{"state":"completed"}""", (await TurnAsync(rooms, owner)).ToJsonString());
        Assert.Equal("turn_final",
            Assert.Single((await PutTurnAsync(rooms, owner, """{"state":"failed"}""")).Rejected).Code);
        await SweepForAsync(rooms, Lease * 2);
        Assert.Equal(3, (await LogAsync(rooms, owner)).Count);
    }

    [Fact]
    public async Task Invariant_I3_an_end_whose_commit_failed_lands_when_it_is_sent_again_after_the_sweeper()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        await PutTurnAsync(rooms, owner, """{"state":"streaming"}""");
        rooms.Store.Break();
        await Assert.ThrowsAsync<ShareRpcException>(() => PutTurnAsync(rooms, owner, """{"state":"completed"}"""));
        rooms.Store.Repair();
        seq--; // it was not answered
        await SweepForAsync(rooms, Lease * 2); // what it puts has the cursor of what failed
        Assert.Equal("aborted", (await TurnAsync(rooms, owner))["state"]!.GetValue<string>());

        Assert.Single((await PutTurnAsync(rooms, owner, """{"state":"completed"}""")).Applied);

        Assert.Equal("""{"state":"completed"}""", (await TurnAsync(rooms, owner)).ToJsonString());
    }

    [Fact]
    public async Task A_turn_whose_writer_is_connected_or_appends_is_not_ended()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        rooms.Writers.Add(owner.Ref.ShareKey!.Value, writer);
        await PutTurnAsync(rooms, owner, """{"state":"streaming"}""");
        await SweepForAsync(rooms, Lease * 5);
        rooms.Writers.Remove(owner.Ref.ShareKey!.Value, writer);
        await SweepForAsync(rooms, Lease / 2);
        await AppendAsync(rooms, owner, Kinds.Part, "{}");
        await SweepForAsync(rooms, Lease / 2);
        Assert.Equal("streaming", (await TurnAsync(rooms, owner))["state"]!.GetValue<string>());

        await SweepForAsync(rooms, Lease);
        Assert.Equal("aborted", (await TurnAsync(rooms, owner))["state"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_turn_that_ended_in_time_or_has_no_writer_is_left_alone()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        await PutTurnAsync(rooms, owner, """{"state":"streaming"}""");
        await PutTurnAsync(rooms, owner, """{"state":"failed"}""");
        var anonymous = new OpIntent
        {
            OpId = OpId.New(), Verb = Verbs.Put, Kind = Kinds.Turn, Key = "other",
            Data = RawJson.Parse("""{"state":"streaming"}"""),
        };
        await rooms.AppendAsync(owner, anonymous);
        await SweepForAsync(rooms, Lease * 3);
        Assert.Equal(3, (await LogAsync(rooms, owner)).Count);
    }

    [Fact]
    public async Task A_full_disk_puts_the_ending_off_and_a_share_that_ended_has_ended_its_turns()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        await PutTurnAsync(rooms, owner, """{"state":"streaming"}""");
        await SweepForAsync(rooms, Lease - ServerLimits.Default.TurnSweepInterval);
        rooms.Store.Break();
        await Assert.ThrowsAsync<ShareRpcException>(() => SweepForAsync(rooms, TimeSpan.FromSeconds(5)));
        rooms.Store.Repair();
        await SweepForAsync(rooms, TimeSpan.FromSeconds(5));
        Assert.Equal("aborted", (await TurnAsync(rooms, owner))["state"]!.GetValue<string>());

        Authority other = await rooms.CreateShareAsync();
        seq = 0;
        await PutTurnAsync(rooms, other, """{"state":"streaming"}""");
        await rooms.Admin.EndShareAsync(other);
        await SweepForAsync(rooms, Lease * 2);
        Assert.Equal(2, (await LogAsync(rooms, other)).Count);
        Assert.Empty(await (await rooms.Store.BeginReadAsync()).ReadOpenTurnsAsync(0, "", 10));
    }

    [Fact]
    public async Task Invariant_I9_as_many_silent_turns_are_measured_as_the_limit_says()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(ServerLimits.Default with { TrackedTurns = 1 });
        Authority first = await rooms.CreateShareAsync();
        await PutTurnAsync(rooms, first, """{"state":"streaming"}""");
        Authority second = await rooms.CreateShareAsync();
        seq = 0;
        await PutTurnAsync(rooms, second, """{"state":"streaming"}""");
        await SweepForAsync(rooms, Lease + TimeSpan.FromSeconds(5));
        Assert.Equal(("aborted", "streaming"), (await StateAsync(rooms, first), await StateAsync(rooms, second)));
        await SweepForAsync(rooms, Lease + TimeSpan.FromSeconds(10));
        Assert.Equal("aborted", await StateAsync(rooms, second));
    }

    private static async ValueTask<string> StateAsync(ServerRooms rooms, Authority owner) =>
        (await TurnAsync(rooms, owner))["state"]!.GetValue<string>();

    private static async ValueTask<JsonNode> TurnAsync(ServerRooms rooms, Authority owner)
    {
        StatePage page = await rooms.Reads.ReadStateAsync(owner, new GetStateRequest { Kinds = [Kinds.Turn] });
        return JsonNode.Parse(Assert.Single(page.Docs, doc => doc.Key == "t").Data.Utf8.Span)!;
    }

    private static async ValueTask<IReadOnlyList<LoggedOp>> LogAsync(ServerRooms rooms, Authority owner) =>
        await (await rooms.Store.BeginReadAsync()).ReadOpsAsync(owner.Ref.ShareKey!.Value, 0, 100, int.MaxValue);

    /// <summary>As the background loop does, with the clock in hand.</summary>
    private static async Task SweepForAsync(ServerRooms rooms, TimeSpan span)
    {
        await rooms.Sweeper.SweepAsync();
        for (TimeSpan passed = TimeSpan.Zero; passed < span; passed += ServerLimits.Default.TurnSweepInterval)
        {
            rooms.Clock.Advance(ServerLimits.Default.TurnSweepInterval);
            await rooms.Sweeper.SweepAsync();
        }
    }

    private Task<Ack> PutTurnAsync(ServerRooms rooms, Authority owner, string json) =>
        AppendAsync(rooms, owner, Kinds.Turn, json);

    private Task<Ack> AppendAsync(ServerRooms rooms, Authority owner, string kind, string json)
    {
        var op = new OpIntent { OpId = OpId.New(), Seq = ++seq, Verb = Verbs.Put, Kind = kind, Key = "t",
            Data = RawJson.Parse(json) };
        return rooms.Log.AppendAsync(owner, writer, new OpBatch { BatchId = "b", Ops = [op] });
    }
}
