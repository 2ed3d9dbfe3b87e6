using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;
using JsonSerializer = System.Text.Json.JsonSerializer;

namespace ShareRpc.Tests.Client.Writing.Sending;

/// <summary>From the outbox to the acks, on a server that does as it should.</summary>
public class SendingTests : ClientTest
{
    [Fact]
    public async Task A_share_is_created_before_it_is_redeemed()
    {
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", "one", Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await client.FlushAsync(Timeout);

        List<string> calls = [];
        while (Server.Calls.TryRead(out object? call)) calls.Add(call.GetType().Name);
        Assert.True(calls.IndexOf(nameof(CreateShareRequest)) < calls.IndexOf(nameof(RedeemShareRequest)));
        Assert.Equal(["op-1", "op-2", "op-3"], LoggedIds(Server.Shares[writer.ShareId]));
        Assert.Equal((0, 0, 3L, 3L),
            (writer.Status.Pending, writer.Status.InFlight, writer.Status.Applied, writer.Status.Cursor));
    }

    [Fact]
    public async Task Shares_that_are_made_together_are_those_that_each_call_alone_would_return()
    {
        await using ShareClient client = await OpenOfflineAsync();
        ShareWriter known = await client.CreateShareAsync("test:1", "one", Timeout);
        IReadOnlyList<ShareWriter> made = await client.CreateSharesAsync(
            [("test:2", "two"), ("test:1", "other"), ("test:2", null), ("test:3", null)], Timeout);
        Assert.Equal(["test:2", "test:1", "test:2", "test:3"], made.Select(writer => writer.ExternalKey));
        Assert.Equal((known.ShareId, made[0].ShareId), (made[1].ShareId, made[2].ShareId));
        Assert.Equal(["two", "one", "two", null], made.Select(writer => writer.Label));
        Assert.Equal(3, made.Select(writer => writer.ViewerLink!.Reveal()).Distinct().Count());
        Assert.All(made, writer => Assert.NotNull(writer.OwnerLink));
        Assert.Equal(3, client.Shares.Count);
    }

    [Fact]
    public async Task A_share_whose_create_is_not_acknowledged_is_not_redeemed()
    {
        int refusals = 0;
        Server.Refuse = call =>
        {
            if (call is CreateShareRequest && Interlocked.Increment(ref refusals) <= 3)
            {
                throw new ShareRpcException(ErrorCode.StorageUnavailable);
            }
            if (call is RedeemShareRequest) Assert.True(Volatile.Read(ref refusals) > 3);
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        await writer.EnqueueAsync(Puts(1), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(4, refusals);
        Assert.Equal(1, writer.Status.Applied);
    }

    [Fact]
    public async Task Acknowledged_rows_leave_the_file()
    {
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        await writer.EnqueueAsync(Puts(50), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(0,
            Query("SELECT (SELECT COUNT(*) FROM op) + (SELECT COUNT(*) FROM intent)", row => row.GetInt64(0))[0]);
    }

    [Fact]
    public async Task Batches_keep_to_the_limits_that_the_server_announced()
    {
        Server.Limits = ProtocolLimitsOf(ops: 10, bytes: 1_000);
        (ScriptedShare share, ShareLink link) = AddShare();
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1, "first-"), null, Timeout);
        await client.FlushAsync(Timeout);
        await writer.EnqueueAsync(Puts(25, "small-"), null, Timeout);
        await writer.EnqueueAsync(Puts(7, "big-", $$"""{"text":"{{new string('x', 389)}}"}"""), null, Timeout);
        await writer.EnqueueAsync([Put("huge", $$"""{"text":"{{new string('x', 5_000)}}"}""")], null, Timeout);
        await writer.EnqueueAsync(Puts(1, "last-"), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(35, LoggedIds(share).Count);
        foreach (OpBatch batch in ReceivedBatches().Skip(1))
        {
            Assert.InRange(batch.Ops.Count, 1, 10);
            Assert.True(batch.Ops.Count == 1 || batch.Ops.Sum(op => op.Data!.Value.Utf8.Length) <= 1_000);
        }
    }

    [Fact]
    public async Task A_server_with_smaller_limits_than_usual_gets_everything_all_the_same()
    {
        Server.Limits = ProtocolLimitsOf(ops: 3, bytes: 100_000);
        Server.Refuse = call =>
        {
            if (call is OpBatch { Ops.Count: > 3 }) throw new ShareRpcException(ErrorCode.InvalidBatch);
        };
        (ScriptedShare share, ShareLink link) = AddShare();
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(40), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(Puts(40).Select(op => op.OpId), LoggedIds(share));
        Assert.Equal(0, writer.Status.Failed);
    }

    [Fact]
    public async Task An_atomic_enqueue_is_one_batch_of_its_own()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        await using (ShareClient offline = await OpenOfflineAsync())
        {
            ShareWriter stored = await offline.JoinShareAsync("test:1", link, Timeout);
            await stored.EnqueueAsync(Puts(2, "before-"), null, Timeout);
            await stored.EnqueueAsync(Puts(3, "atomic-"), new EnqueueOptions { Atomic = true }, Timeout);
            await stored.EnqueueAsync(Puts(2, "after-"), null, Timeout);
        }

        await using ShareClient client = await OpenAsync();
        await client.FlushAsync(Timeout);

        List<OpBatch> batches = ReceivedBatches();
        Assert.Equal([2, 3, 2], batches.Select(batch => batch.Ops.Count));
        Assert.Equal([null, true, null], batches.Select(batch => batch.Atomic));
        Assert.Equal(7, LoggedIds(share).Count);
    }

    [Fact]
    public async Task No_more_batches_are_in_flight_than_the_option_says_and_acks_are_not_waited_for_one_by_one()
    {
        var release = new TaskCompletionSource();
        int waiting = 0;
        var full = new TaskCompletionSource();
        Server.Limits = ProtocolLimitsOf(ops: 1, bytes: 1_000);
        (ScriptedShare share, ShareLink link) = AddShare();
        Options = Options with { BatchesInFlight = 3 };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1, "first-"), null, Timeout);
        await client.FlushAsync(Timeout);
        Server.BeforeAck = _ =>
        {
            if (Interlocked.Increment(ref waiting) == 3) full.SetResult();
            return release.Task;
        };
        await writer.EnqueueAsync(Puts(10), null, Timeout);
        await full.Task.WaitAsync(Timeout);

        Assert.Equal(3, writer.Status.InFlight);
        Assert.Equal(7, writer.Status.Pending);
        release.SetResult();
        await client.FlushAsync(Timeout);
        Assert.Equal(11, LoggedIds(share).Count);
    }

    [Fact]
    public async Task A_lost_ack_is_fetched_again_with_the_same_bytes_and_grouping_after_a_restart()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        var applied = new TaskCompletionSource();
        Server.BeforeAck = _ =>
        {
            applied.TrySetResult();
            return Never;
        };
        await using (ShareClient dying = await OpenAsync())
        {
            ShareWriter writer = await dying.JoinShareAsync("test:1", link, Timeout);
            OpIntent second = Put("b") with { DependsOn = ["a"], IfChanged = true };
        await writer.EnqueueAsync([Put("a", """{ "as" : "written\u0021" }"""), second], null, Timeout);
            await applied.Task.WaitAsync(Timeout);
        }

        Assert.Equal(["1-2"], Query("SELECT first_seq || '-' || last_seq FROM batch", row => row.GetString(0)));
        Server.BeforeAck = null;
        await using ShareClient next = await OpenAsync();
        await next.Shares[0].EnqueueAsync(Puts(1, "later-"), null, Timeout);
        await next.FlushAsync(Timeout);

        List<OpBatch> batches = ReceivedBatches();
        Assert.Equal(Bytes(batches[0]), Bytes(batches[1]));
        Assert.Contains("""{ "as" : "written\u0021" }""", Bytes(batches[1]), StringComparison.Ordinal);
        Assert.Equal(["a", "b", "later-1"], LoggedIds(share));
        Assert.Equal((1L, 2L), (next.Shares[0].Status.Applied, next.Shares[0].Status.Duplicates));
    }

    [Fact]
    public async Task What_was_in_flight_at_a_drop_goes_out_with_the_redemption_in_its_order()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        Server.Limits = ProtocolLimitsOf(ops: 2, bytes: 1_000);
        int batches = 0;
        Server.BeforeAck = _ =>
        {
            if (Interlocked.Increment(ref batches) == 4) Server.Drop();
            return batches is > 1 and <= 4 ? Never : Task.CompletedTask;
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1, "first-"), null, Timeout);
        await client.FlushAsync(Timeout);
        await writer.EnqueueAsync(Puts(8), null, Timeout);
        await client.FlushAsync(Timeout);

        List<object> calls = Received();
        RedeemShareRequest[] redemptions = [.. calls.OfType<RedeemShareRequest>()];
        Assert.Equal(2, redemptions.Length);
        Assert.Equal(redemptions[0].WriterId, redemptions[1].WriterId);
        Assert.True(redemptions[1].Append!.Count >= 3);

        // One message, so one round trip: its batches come to the share once, by the redemption, and are not sent once
        // more.
        string[] replayed = [.. redemptions[1].Append!.SelectMany(batch => batch.Ops).Select(op => op.OpId)];
        ILookup<string, OpIntent> afterwards =
            calls.Skip(calls.IndexOf(redemptions[1])).OfType<OpBatch>().SelectMany(batch => batch.Ops).ToLookup(op =>
                op.OpId);
        Assert.All(replayed, opId => Assert.Single(afterwards[opId]));
        Assert.Equal(["op-1", "op-2", "op-3"],
            redemptions[1].Append!.SelectMany(batch => batch.Ops).Take(3).Select(op => op.OpId));
        Assert.Equal(9, LoggedIds(share).Distinct().Count());
        Assert.Equal(9, LoggedIds(share).Count);
    }

    [Fact]
    public async Task Invariant_I8_a_row_leaves_only_by_an_ack_that_names_it_or_a_permanent_failure()
    {
        // The server has the ops, its watermark says so, and its acks name none of them, or only some.
        (ScriptedShare share, ShareLink link) = AddShare();
        var answers = new Queue<string[]>([[], ["op-1"], ["op-1", "op-3"]]);
        var seen = new List<long>();
        Server.AnswerBatch = batch =>
        {
            lock (answers)
            {
                seen.Add(Query("SELECT COUNT(*) FROM op", row => row.GetInt64(0))[0]);
                if (!answers.TryDequeue(out string[]? named)) return null;
                List<OpCursor> applied =
                    [.. named.Intersect(batch.Ops.Select(op => op.OpId)).Select(id => new OpCursor(id, 3))];
                return new Ack { Cursor = 3, Applied = applied, Duplicates = [], Rejected = [] };
            }
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(3L, seen[0]);
        Assert.Equal(3L, seen[1]);
        Assert.Equal(2L, seen[2]);
        Assert.Equal(1L, seen[3]);
        Assert.Contains("op-2", LoggedIds(share));
    }

    [Fact]
    public async Task Shares_with_nothing_to_send_hold_no_handle()
    {
        Options = Options with { IdleTime = TimeSpan.FromMilliseconds(40) };
        (_, ShareLink link) = AddShare();
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1), null, Timeout);
        await client.FlushAsync(Timeout);
        await UntilAsync(writer, status => status.Connection == ConnectionState.Idle);

        await Server.HandlesGoneAsync(Timeout);
        Assert.Equal(0, Server.LiveHandles);
    }

    [Fact]
    public async Task An_invitation_made_offline_opens_the_share_once_it_is_created()
    {
        Server.IsDown = true;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        ShareLink link =
            await writer.InviteAsync(Rights.Read | Rights.Append, "guest", new Caveats { ExpiresAtMs = 7 }, Timeout);
        Assert.Equal(writer.ShareId, link.ShareId);
        Assert.Throws<ShareRpcException>(() => Server.Redeem(link.Token.Reveal()));

        Server.IsDown = false;
        await client.FlushAsync(Timeout);
        Assert.Equal(Rights.Read | Rights.Append, Server.Redeem(link.Token.Reveal()).Rights);
        Assert.Equal(Rights.Read, Server.Redeem(writer.ViewerLink!.Token.Reveal()).Rights);
        AttenuateRequest invitation =
            Assert.Single(Received().OfType<AttenuateRequest>(), request => request.CapId == link.Token.CapId);
        Assert.Equal((7L, "guest"), (invitation.Caveats!.ExpiresAtMs, invitation.Label));
    }

    [Fact]
    public async Task A_revocation_made_offline_is_kept_until_the_server_says_it_is_durable()
    {
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        ShareLink guest = await writer.InviteAsync(Rights.Read, "guest", null, Timeout);
        await client.FlushAsync(Timeout);
        int refusals = 0;
        Server.Refuse = call =>
        {
            if (call is RevokeCapabilityRequest && ++refusals < 3)
                throw new ShareRpcException(ErrorCode.RevocationNotDurable);
        };
        await writer.RevokeAsync(guest.Token.CapId, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(3, refusals);
        Assert.Equal(ErrorCode.CapabilityRevoked,
            Assert.Throws<ShareRpcException>(() => Server.Redeem(guest.Token.Reveal())).Code);
    }

    [Fact]
    public async Task An_ack_shows_when_somebody_else_appends_too()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(2), null, Timeout);
        await client.FlushAsync(Timeout);
        Assert.False(writer.Status.ForeignOps);

        lock (Server.Gate) share.Add("somebody", null, Put("foreign"));
        await writer.EnqueueAsync(Puts(1, "mine-"), null, Timeout);
        await client.FlushAsync(Timeout);
        Assert.True(writer.Status.ForeignOps);
        Assert.Equal(4, writer.Status.Cursor);
    }

    private Task Never => new TaskCompletionSource().Task.WaitAsync(Timeout);

    private static ProtocolLimits ProtocolLimitsOf(int ops, int bytes) => new() { BatchOps = ops, BatchBytes = bytes };

    private static string Bytes(OpBatch batch) => JsonSerializer.Serialize(batch, ProtocolJson.Options);

    /// <summary>Every batch that reached the server, replays included, in order.</summary>
    private List<OpBatch> ReceivedBatches() => [.. Received().OfType<OpBatch>()];
}
