using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Outbox;

/// <summary>The queue itself: batches and their acks, without a sender.</summary>
public sealed class OutboxQueueTests : IDisposable
{
    private const string Server = "https://share.example.org/";
    private static readonly ProtocolLimits Pairs = new() { BatchOps = 2 };
    private static readonly WaitTimes Times = new(1_000, 10, 100);
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromMinutes(3), TimeProvider.System);
    private OutboxFile? opened;

    private OutboxFile Outbox => opened ??= new OutboxFile(directory["outbox.db"], Server, long.MaxValue);

    [Fact]
    public async Task One_step_settles_the_batches_that_were_acked_and_takes_those_that_follow()
    {
        long share = await FillAsync(7);
        OpBatch first = Outbox.Queue.TakeBatch(share, 0, Pairs)!, second = Outbox.Queue.TakeBatch(share, 2, Pairs)!;
        OutboxQueue.Step step = await StepAsync(share, 4, (first, AckOf(first)), (second, AckOf(second)));

        Assert.True(step.NamesAll);
        Assert.Equal([["op-5", "op-6"], ["op-7"]], step.Taken.Select(batch => batch.Ops.Select(op => op.OpId)));
        Assert.Equal((0L, 3L), (Outbox.Count(share).Pending, Outbox.Count(share).InFlight));
        Assert.Equal(4, Outbox.GetShare(share).Applied);
    }

    [Fact]
    public async Task Invariant_I8_an_ack_that_names_only_some_ops_leaves_the_others_and_nothing_more_is_taken()
    {
        long share = await FillAsync(5);
        OpBatch batch = Outbox.Queue.TakeBatch(share, 0, Pairs)!;
        OutboxQueue.Step step = await StepAsync(share, 2, (batch, AckOf(batch with { Ops = [batch.Ops[1]] })));

        Assert.False(step.NamesAll);
        Assert.Empty(step.Taken);
        OpBatch again = Outbox.Queue.TakeBatch(share, 0, Pairs)!;
        Assert.Equal((batch.BatchId, "op-1"), (again.BatchId, Assert.Single(again.Ops).OpId));
        Assert.Equal((3L, 1L), (Outbox.Count(share).Pending, Outbox.Count(share).InFlight));
    }

    [Fact]
    public async Task Invariant_I8_a_late_ack_settles_the_ops_it_names_though_their_seqs_are_others_now()
    {
        long share = await FillAsync(6);
        OpBatch first = Outbox.Queue.TakeBatch(share, 0, Pairs)!, second = Outbox.Queue.TakeBatch(share, 2, Pairs)!;
        Assert.True(Outbox.Queue.Settle(share, first, AckOf(first), Times));
        Outbox.Queue.StartNewWriter(share);
        Assert.Equal([("op-3", 1L), ("op-4", 2L)], SeqsOf(Outbox.Queue.TakeBatch(share, 0, Pairs)!));
        Assert.True(Outbox.Queue.Settle(share, second, AckOf(second), Times));

        Assert.Equal([("op-5", 3L), ("op-6", 4L)], SeqsOf(Outbox.Queue.TakeBatch(share, 0, Pairs)!));
    }

    [Fact]
    public async Task Grouping_and_bytes_of_a_batch_survive_a_restart_and_what_came_later_is_not_added_to_it()
    {
        long share = await FillAsync(1);
        OpBatch sent = Outbox.Queue.TakeBatch(share, 0, Pairs)!;
        Reopen();
        await EnqueueAsync(share, "later");

        Assert.Equal(BytesOf(sent), BytesOf(Outbox.Queue.TakeBatch(share, 0, Pairs)!));
        Assert.Equal("later", Assert.Single(Outbox.Queue.TakeBatch(share, 1, Pairs)!.Ops).OpId);
    }

    [Fact]
    public async Task A_seq_is_not_used_again_after_the_queue_was_empty()
    {
        long share = await FillAsync(2);
        OpBatch batch = Outbox.Queue.TakeBatch(share, 0, Pairs)!;
        Assert.True(Outbox.Queue.Settle(share, batch, AckOf(batch), Times));
        Reopen();
        await EnqueueAsync(share, "next");

        Assert.Equal([("next", 3L)], SeqsOf(Outbox.Queue.TakeBatch(share, 0, Pairs)!));
    }

    [Fact]
    public async Task Ops_of_several_shares_keep_apart_whatever_the_order_in_which_they_come()
    {
        long one = AddShare("test:1"), two = AddShare("test:2");
        for (int i = 1; i <= 3; i++)
        {
            await EnqueueAsync(two, $"two-{i}");
            await EnqueueAsync(one, $"one-{i}");
        }

        Assert.Equal([("one-1", 1L), ("one-2", 2L), ("one-3", 3L)],
            SeqsOf(Outbox.Queue.TakeBatch(one, 0, ProtocolLimits.Default)!));
        Assert.Equal([("two-1", 1L), ("two-2", 2L), ("two-3", 3L)],
            SeqsOf(Outbox.Queue.TakeBatch(two, 0, ProtocolLimits.Default)!));
        Outbox.Queue.Close(one, "forbidden", "no");
        Assert.Equal((0L, 3L, 3L),
            (Outbox.Count(one).InFlight, Outbox.Count(one).Failed, Outbox.Count(two).InFlight));
    }

    public void Dispose()
    {
        opened?.Dispose();
        directory.Dispose();
        timeout.Dispose();
    }

    private void Reopen()
    {
        opened?.Dispose();
        opened = null;
    }

    private async Task<long> FillAsync(int count)
    {
        long share = AddShare("test:1");
        await Outbox.Queue.EnqueueAsync(share, [.. Enumerable.Range(1, count).Select(n => Put($"op-{n}"))], null, null,
            timeout.Token);
        return share;
    }

    private long AddShare(string externalKey) => Outbox.AddShare(new OutboxShare
    {
        Key = 0, ShareId = externalKey, ExternalKey = externalKey, AppendCapId = "cap", WriterId = "", IsCreated = true,
    }).Key;

    private Task EnqueueAsync(long share, string opId) =>
        Outbox.Queue.EnqueueAsync(share, [Put(opId)], null, null, timeout.Token);

    private Task<OutboxQueue.Step> StepAsync(long share, long afterSeq, params (OpBatch, Ack)[] acked) =>
        Outbox.Queue.StepAsync(share, acked, Times, 2, afterSeq, Pairs, timeout.Token);

    private static OpIntent Put(string opId) =>
        new() { OpId = opId, Verb = Verbs.Put, Kind = Kinds.Part, Key = "k",
            Data = RawJson.Parse($$"""{ "of": "{{opId}}" }""") };

    private static Ack AckOf(OpBatch batch) => new()
    {
        Cursor = batch.Ops[^1].Seq!.Value, Applied = [.. batch.Ops.Select(op => new OpCursor(op.OpId, op.Seq!.Value))],
        Duplicates = [],
        Rejected = [],
    };

    private static IEnumerable<(string, long)> SeqsOf(OpBatch batch) =>
        batch.Ops.Select(op => (op.OpId, op.Seq!.Value));

    private static string BytesOf(OpBatch batch) =>
        System.Text.Json.JsonSerializer.Serialize(batch, ProtocolJson.Options);
}
