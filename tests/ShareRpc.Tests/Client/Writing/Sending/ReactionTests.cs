using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Sending;

/// <summary>What the sender makes of each refusal of a batch.</summary>
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
            [new FailedOp("op-2", "part", "k2", "turn_final", "refused", false)],
            await writer.ListFailedAsync(cancellationToken: Timeout));
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

    [Fact]
    public async Task Waits_do_not_grow_while_batches_are_acknowledged_in_between()
    {
        // If they doubled from refusal to refusal, the last of them would be hours.
        Options = Options with { FirstRetry = TimeSpan.FromMilliseconds(1), MaxRetry = TimeSpan.FromDays(1),
            BatchesInFlight = 1 };
        (ScriptedShare share, ShareLink link) = AddShare();
        var refused = new HashSet<string>();
        Server.AnswerBatch = batch =>
            refused.Add(batch.BatchId) ? throw new ShareRpcException(ErrorCode.Overloaded) : null;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        for (int i = 0; i < 28; i++)
            await writer.EnqueueAsync(Puts(1, $"{i}-"), new EnqueueOptions { Atomic = true }, Timeout);

        await client.FlushAsync(Timeout);

        Assert.Equal(28, refused.Count);
        Assert.Equal(28, LoggedIds(share).Count);
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

    [Fact]
    public async Task A_batch_that_is_refused_as_invalid_is_halved_until_the_one_op_is_found()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        Server.AnswerBatch = batch =>
            batch.Ops.Any(op => op.OpId == "op-5") ? throw new ShareRpcException(ErrorCode.InvalidBatch) : null;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(9), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(["op-1", "op-2", "op-3", "op-4", "op-6", "op-7", "op-8", "op-9"], LoggedIds(share));
        Assert.Equal(["op-5"], (await writer.ListFailedAsync(cancellationToken: Timeout)).Select(op => op.OpId));
    }

    [Fact]
    public async Task An_op_whose_decision_is_out_of_date_is_parked_for_whoever_made_it_and_the_others_go_on()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        Server.AnswerBatch = batch =>
            batch.Ops.Any(op => op.OpId == "op-2")
                ? throw new ShareRpcException(ErrorCode.CursorMismatch) { Head = 7 } : null;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(["op-1", "op-3"], LoggedIds(share));
        FailedOp parked = Assert.Single(await writer.ListFailedAsync(cancellationToken: Timeout));
        Assert.Equal(("op-2", "cursor_mismatch"), (parked.OpId, parked.Code));
    }

    [Fact]
    public async Task A_connection_out_of_handles_is_replaced_and_nothing_is_parked()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        Server.Refuse = call =>
        {
            if (call is RedeemShareRequest && Server.Connects < 3)
                throw new ShareRpcException(ErrorCode.TooManyHandles);
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
}
