using ShareRpc.Client;
using ShareRpc.Client.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Sending;

/// <summary>What the sender makes of each refusal.</summary>
public class ReactionTests : ClientTest
{
    [Fact]
    public async Task A_rejected_op_is_parked_with_its_reason_and_the_others_go_on()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        share.Poison["op-2"] = ErrorCode.TurnFinal;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await client.FlushAsync(Timeout);
        await writer.EnqueueAsync(Puts(1, "later-"), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(["op-1", "op-3", "later-1"], LoggedIds(share));
        Assert.Equal(
            [new FailedOp("op-2", "part", "k2", "turn_final", "refused", false)], await writer.ListFailedAsync(cancellationToken: Timeout));
        Assert.Equal((1L, 3L, "turn_final"), (writer.Status.Failed, writer.Status.Applied, writer.Status.LastError));
    }

    [Fact]
    public async Task A_retry_by_hand_keeps_the_op_id_and_takes_a_new_seq()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        share.Poison["op-2"] = ErrorCode.QuotaExceeded;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await client.FlushAsync(Timeout);
        share.Poison.Clear();
        Assert.Equal(1, await client.RetryFailedAsync(writer.ShareId, Timeout));
        await client.FlushAsync(Timeout);

        Assert.Equal(["op-1", "op-3", "op-2"], LoggedIds(share));
        Assert.Equal(4, share.Log[^1].Seq);
        Assert.Equal((0L, null), (writer.Status.Failed, writer.Status.LastError));
    }

    [Fact]
    public async Task A_transient_refusal_is_waited_out_as_long_as_the_server_asks_and_the_same_bytes_go_again()
    {
        var time = new ManualTimeProvider();
        (ScriptedShare share, ShareLink link) = AddShare();
        var refused = new TaskCompletionSource();
        int calls = 0;
        Server.AnswerBatch = _ =>
        {
            if (Interlocked.Increment(ref calls) > 1) return null;
            refused.SetResult();
            throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = TimeSpan.FromSeconds(30) };
        };
        await using ShareClient client = await OpenAsync(time);
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await refused.Task.WaitAsync(Timeout);
        TimeSpan wait = await time.TimerAsync(due => due >= TimeSpan.FromSeconds(30)).WaitAsync(Timeout);
        Assert.InRange(wait, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30) + Options.MaxRetry);

        time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.Equal(1, Volatile.Read(ref calls));
        Task flushed = client.FlushAsync(Timeout);
        while (!flushed.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        await flushed;
        OpBatch[] batches = [.. Received().OfType<OpBatch>()];
        Assert.Equal(batches[0].BatchId, batches[1].BatchId);
        Assert.Equal(batches[0].Ops.Select(op => (op.OpId, op.Seq)), batches[1].Ops.Select(op => (op.OpId, op.Seq)));
        Assert.Equal(3, LoggedIds(share).Count);
    }

    [Theory]
    [InlineData(ErrorCode.Internal)]
    [InlineData(ErrorCode.Draining)]
    [InlineData(ErrorCode.StorageUnavailable)]
    [InlineData(ErrorCode.RateLimited)]
    [InlineData(ErrorCode.TooManyCalls)]
    [InlineData(ErrorCode.CapabilitySuspended)]
    public async Task A_transient_refusal_of_a_redemption_parks_nothing(ErrorCode code)
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        int calls = 0;
        Server.Refuse = call =>
        {
            if (call is RedeemShareRequest && ++calls < 4) throw new ShareRpcException(code);
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(3, LoggedIds(share).Count);
        Assert.Equal(0, writer.Status.Failed);
    }

    [Fact]
    public async Task A_fork_goes_on_under_a_new_writer_id_renumbered_from_1_with_its_op_ids()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        Server.Limits = new ProtocolLimits { BatchOps = 2 };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(2, "before-"), null, Timeout);
        await client.FlushAsync(Timeout);
        string first = Received().OfType<RedeemShareRequest>().Single().WriterId!;

        // A copy of the outbox file sends under the same writer id.
        var stranger = new OpBatch { BatchId = "b", Ops = [Put("stranger") with { Seq = 3 }] };
        lock (Server.Gate) share.Apply("copy", first, stranger);
        await writer.EnqueueAsync(Puts(5), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(["before-1", "before-2", "stranger", "op-1", "op-2", "op-3", "op-4", "op-5"], LoggedIds(share));
        RedeemShareRequest again = Received().OfType<RedeemShareRequest>().Last();
        Assert.NotEqual(first, again.WriterId);
        Assert.Equal([1L, 2L, 3L, 4L, 5L], share.Log.Skip(3).Select(op => op.Seq!.Value));
        Assert.All(share.Log.Skip(3), op => Assert.Equal(again.WriterId, op.WriterId));
        Assert.Equal(0, writer.Status.Failed);
    }

    [Fact]
    public async Task A_server_that_forgot_the_writer_gets_the_rest_under_a_new_one()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await client.FlushAsync(Timeout);
        lock (Server.Gate) share.ForgetWriters();
        await writer.EnqueueAsync(Puts(2, "later-"), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(["op-1", "op-2", "op-3", "later-1", "later-2"], LoggedIds(share));
        Assert.Equal([1L, 2L], share.Log.Skip(3).Select(op => op.Seq!.Value));
    }

    [Fact]
    public async Task A_gap_that_the_outbox_can_fill_is_filled_under_the_same_writer_id()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        Server.Limits = new ProtocolLimits { BatchOps = 2 };
        int calls = 0;
        Server.AnswerBatch = _ => Interlocked.Increment(ref calls) == 2
            ? throw new ShareRpcException(ErrorCode.SequenceGap) { AckedSeq = 2 }
            : null;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(2, "first-"), null, Timeout);
        await client.FlushAsync(Timeout);
        await writer.EnqueueAsync(Puts(6), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(8, LoggedIds(share).Count);
        Assert.Single(share.Log.Select(op => op.WriterId).Distinct());
        Assert.Equal(Enumerable.Range(1, 8).Select(n => (long?)n), share.Log.Select(op => op.Seq));
    }

    [Fact]
    public async Task A_writer_id_that_belongs_to_another_ref_is_exchanged()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        var writers = new List<string>();
        Server.Refuse = call =>
        {
            if (call is not RedeemShareRequest redeem) return;
            writers.Add(redeem.WriterId!);
            if (writers.Count == 1) throw new ShareRpcException(ErrorCode.WriterTaken);
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(2), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(2, writers.Distinct().Count());
        Assert.Equal(2, LoggedIds(share).Count);
    }

    [Fact]
    public async Task Acked_seq_settles_nothing()
    {
        // The server says it has consumed all of it, and answers none of it.
        (ScriptedShare share, ShareLink link) = AddShare();
        await using (ShareClient offline = await OpenOfflineAsync())
        {
            ShareWriter stored = await offline.JoinShareAsync("test:1", link, Timeout);
            await stored.EnqueueAsync(Puts(3), null, Timeout);
        }

        string writerId = Query("SELECT writer_id FROM share", row => row.GetString(0))[0];
        OpBatch theirs = new() { BatchId = "b", Ops = [.. Puts(3).Select((op, i) => op with { Seq = i + 1 })] };
        lock (Server.Gate) share.Apply("same ref", writerId, theirs);
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        Server.BeforeAck = _ =>
        {
            asked.TrySetResult();
            return answer.Task;
        };
        await using ShareClient client = await OpenAsync();
        await asked.Task.WaitAsync(Timeout);
        Assert.Equal((3L, 0L), (client.Shares[0].Status.InFlight, client.Shares[0].Status.Acked));

        answer.SetResult();
        await client.FlushAsync(Timeout);
        Assert.Equal((0L, 3L), (client.Shares[0].Status.InFlight, client.Shares[0].Status.Duplicates));
    }

    [Theory]
    [InlineData(ErrorCode.CapabilityRevoked)]
    [InlineData(ErrorCode.CapabilityExpired)]
    [InlineData(ErrorCode.ShareDeleted)]
    [InlineData(ErrorCode.Forbidden)]
    [InlineData(ErrorCode.ShareEnded)]
    public async Task When_authority_is_gone_what_was_sent_is_parked_as_unknown_and_the_rest_as_failed(ErrorCode code)
    {
        (_, ShareLink link) = AddShare();
        Server.Limits = new ProtocolLimits { BatchOps = 2 };
        Options = Options with { BatchesInFlight = 1 };
        bool isGone = false;
        Server.AnswerBatch = _ => isGone ? throw new ShareRpcException(code) : null;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1, "first-"), null, Timeout);
        await client.FlushAsync(Timeout);
        isGone = true;
        await writer.EnqueueAsync(Puts(5), null, Timeout);
        await client.FlushAsync(Timeout);

        IReadOnlyList<FailedOp> failed = await writer.ListFailedAsync(cancellationToken: Timeout);
        string name = ErrorCodes.NameOf(code);
        Assert.Equal(["op-1", "op-2", "op-3", "op-4", "op-5"], failed.Select(op => op.OpId));
        Assert.All(failed, op => Assert.Equal(name, op.Code));
        Assert.Equal([true, true, false, false, false], failed.Select(op => op.OutcomeUnknown));
        Assert.Equal(name, writer.Status.ClosedCode);
        OutboxException closed = await Assert.ThrowsAsync<OutboxException>(() => writer.EnqueueAsync(Puts(1, "more-"), null, Timeout));
        Assert.Contains(name, closed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_share_that_came_back_within_reach_takes_what_was_parked_when_asked_to()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        bool isGone = true;
        Server.AnswerBatch = _ => isGone ? throw new ShareRpcException(ErrorCode.Forbidden) : null;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await client.FlushAsync(Timeout);
        isGone = false;
        Assert.Equal(3, await client.RetryFailedAsync(null, Timeout));
        await client.FlushAsync(Timeout);

        Assert.Equal(["op-1", "op-2", "op-3"], LoggedIds(share));
        Assert.Equal((0L, null), (writer.Status.Failed, writer.Status.ClosedCode));
    }

    [Fact]
    public async Task Retrying_a_share_whose_create_failed_creates_it_before_it_is_redeemed()
    {
        int creates = 0;
        Server.Refuse = call =>
        {
            if (call is CreateShareRequest && ++creates == 1) throw new ShareRpcException(ErrorCode.Forbidden);
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        await writer.EnqueueAsync(Puts(2), null, Timeout);
        await client.FlushAsync(Timeout);
        Assert.Equal("forbidden", writer.Status.ClosedCode);
        Assert.Equal(2, await client.RetryFailedAsync(writer.ShareId, Timeout));
        await client.FlushAsync(Timeout);

        Assert.Equal(2, creates);
        Assert.Equal(["op-1", "op-2"], LoggedIds(Server.Shares[writer.ShareId]));
        Assert.Equal(Rights.Read, Server.Redeem(writer.ViewerLink!.Token.Reveal()).Rights);
    }

    [Fact]
    public async Task A_batch_that_is_refused_as_invalid_is_halved_until_the_one_op_is_found()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        Server.AnswerBatch = batch => batch.Ops.Any(op => op.OpId == "op-5") ? throw new ShareRpcException(ErrorCode.InvalidBatch) : null;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(9), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(["op-1", "op-2", "op-3", "op-4", "op-6", "op-7", "op-8", "op-9"], LoggedIds(share));
        Assert.Equal(["op-5"], (await writer.ListFailedAsync(cancellationToken: Timeout)).Select(op => op.OpId));
    }

    [Fact]
    public async Task A_connection_out_of_handles_is_replaced_and_nothing_is_parked()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        Server.Refuse = call =>
        {
            if (call is RedeemShareRequest && Server.Connects < 3) throw new ShareRpcException(ErrorCode.TooManyHandles);
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(3, LoggedIds(share).Count);
        Assert.Equal(0, writer.Status.Failed);
    }

    [Fact]
    public async Task A_handle_that_the_server_lost_is_redeemed_again_and_nothing_is_parked()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        int calls = 0;
        Server.AnswerBatch = _ => ++calls == 1 ? throw new ShareRpcException(ErrorCode.MethodNotFound) : null;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Single(LoggedIds(share));
        Assert.Equal(0, writer.Status.Failed);
    }

    [Fact]
    public async Task A_joined_share_that_is_not_there_yet_is_waited_for()
    {
        ShareToken token = ShareToken.New(RandomId.New());
        var link = new ShareLink(ServerAddress, RandomId.New(), token);
        int redemptions = 0;
        Server.Refuse = call =>
        {
            if (call is not RedeemShareRequest || ++redemptions != 3) return;
            lock (Server.Gate)
            {
                Server.Shares.Add(link.ShareId, new ScriptedShare(link.ShareId));
                Server.Refs.Add(token.Digest, new ScriptedRef(token.CapId, link.ShareId, RightsNames.Owner));
            }
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(1, writer.Status.Applied);
    }

    [Fact]
    public async Task A_poisoned_share_does_not_hold_up_another()
    {
        (_, ShareLink bad) = AddShare();
        (ScriptedShare good, ShareLink goodLink) = AddShare();
        Server.Refuse = call =>
        {
            if (call is RedeemShareRequest redeem && redeem.Token == bad.Token.Reveal())
            {
                throw new ShareRpcException(ErrorCode.StorageUnavailable);
            }
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter stuck = await client.JoinShareAsync("test:bad", bad, Timeout);
        ShareWriter free = await client.JoinShareAsync("test:good", goodLink, Timeout);
        await stuck.EnqueueAsync(Puts(3), null, Timeout);
        await free.EnqueueAsync(Puts(3), null, Timeout);
        await free.FlushAsync(Timeout);

        Assert.Equal(3, LoggedIds(good).Count);
        Assert.Equal(3, stuck.Status.Pending + stuck.Status.InFlight);
    }

    [Fact]
    public async Task A_frame_that_the_server_cannot_take_costs_only_the_op_that_is_too_large()
    {
        // Smaller than announced: a proxy in between, say. Other shares are on the same connection.
        Server.FrameBytes = 20_000;
        (ScriptedShare share, ShareLink link) = AddShare();
        (ScriptedShare other, ShareLink otherLink) = AddShare();
        await using (ShareClient offline = await OpenOfflineAsync())
        {
            ShareWriter stored = await offline.JoinShareAsync("test:1", link, Timeout);
            ShareWriter beside = await offline.JoinShareAsync("test:2", otherLink, Timeout);
            await stored.EnqueueAsync(Puts(10, "a-", $$"""{"text":"{{new string('x', 5_000)}}"}"""), null, Timeout);
            await stored.EnqueueAsync([Put("huge", $$"""{"text":"{{new string('x', 50_000)}}"}""")], null, Timeout);
            await stored.EnqueueAsync(Puts(10, "b-", $$"""{"text":"{{new string('x', 5_000)}}"}"""), null, Timeout);
            for (int i = 0; i < 5; i++) await beside.EnqueueAsync([Put($"single-{i}")], null, Timeout);
        }

        await using ShareClient client = await OpenAsync();
        await client.FlushAsync(Timeout);

        Assert.Equal(20, LoggedIds(share).Count);
        Assert.Equal(5, LoggedIds(other).Count);
        ShareWriter writer = client.FindShare("test:1")!;
        FailedOp parked = Assert.Single(await writer.ListFailedAsync(cancellationToken: Timeout));
        Assert.Equal(("huge", "too_large"), (parked.OpId, parked.Code));
        Assert.Equal(0, client.FindShare("test:2")!.Status.Failed);
    }

    [Fact]
    public async Task A_revocation_does_not_wait_for_a_long_queue()
    {
        Server.Limits = new ProtocolLimits { BatchOps = 1 };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        ShareLink guest = await writer.InviteAsync(Rights.Read, "guest", null, Timeout);
        await writer.EnqueueAsync(Puts(1, "first-"), null, Timeout);
        await client.FlushAsync(Timeout);
        int batches = 0;
        int batchesBefore = 0;
        var revoked = new TaskCompletionSource();
        Server.Refuse = call =>
        {
            if (call is not RevokeCapabilityRequest) return;
            batchesBefore = batches;
            revoked.SetResult();
        };
        Task queued = Task.CompletedTask;
        Server.BeforeAck = _ =>
        {
            if (++batches == 1) queued = writer.RevokeAsync(guest.Token.CapId, Timeout);
            return queued;
        };
        await writer.EnqueueAsync(Puts(200), null, Timeout);
        await revoked.Task.WaitAsync(Timeout);
        await client.FlushAsync(Timeout);

        Assert.InRange(batchesBefore, 1, 2 * Options.BatchesInFlight);
        Assert.Equal(201, writer.Status.Applied);
    }

    [Fact]
    public async Task A_revocation_does_not_wait_for_a_refused_append_to_be_tried_again()
    {
        var time = new ManualTimeProvider();
        await using ShareClient client = await OpenAsync(time);
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        ShareLink guest = await writer.InviteAsync(Rights.Read, "guest", null, Timeout);
        await client.FlushAsync(Timeout);
        Server.AnswerBatch = _ => throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = TimeSpan.FromHours(1) };
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await time.TimerAsync(due => due >= TimeSpan.FromHours(1)).WaitAsync(Timeout);

        await writer.RevokeAsync(guest.Token.CapId, Timeout);
        Assert.Equal(guest.Token.CapId, (await Server.NextAsync<RevokeCapabilityRequest>(Timeout)).CapId);
    }

    [Fact]
    public async Task More_shares_than_lanes_all_get_their_turn()
    {
        Options = Options with { SharesAtOnce = 2 };
        await using ShareClient client = await OpenAsync();
        List<ShareWriter> writers = [];
        for (int i = 0; i < 7; i++) writers.Add(await client.CreateShareAsync($"test:{i}", null, Timeout));
        for (int round = 0; round < 3; round++)
        {
            foreach (ShareWriter writer in writers) await writer.EnqueueAsync(Puts(2, $"{round}-"), null, Timeout);
        }

        await client.FlushAsync(Timeout);
        Assert.All(writers, writer => Assert.Equal(6, writer.Status.Applied));
    }

    [Fact]
    public async Task Shares_that_the_server_refuses_for_now_do_not_keep_the_lanes_from_the_others()
    {
        Options = Options with { SharesAtOnce = 2 };
        List<ShareLink> bad = [AddShare().Link, AddShare().Link];
        (ScriptedShare good, ShareLink goodLink) = AddShare();
        Server.Refuse = call =>
        {
            if (call is RedeemShareRequest redeem && bad.Exists(link => link.Token.Reveal() == redeem.Token))
            {
                throw new ShareRpcException(ErrorCode.CapabilitySuspended);
            }
        };
        await using ShareClient client = await OpenAsync();
        foreach (ShareLink link in bad)
        {
            await (await client.JoinShareAsync(link.ShareId, link, Timeout)).EnqueueAsync(Puts(1), null, Timeout);
        }
        ShareWriter free = await client.JoinShareAsync("test:good", goodLink, Timeout);
        await free.EnqueueAsync(Puts(3), null, Timeout);
        await free.FlushAsync(Timeout);

        Assert.Equal(3, LoggedIds(good).Count);
    }

    private List<object> Received()
    {
        List<object> all = [];
        while (Server.Calls.TryRead(out object? call)) all.Add(call);
        return all;
    }
}
