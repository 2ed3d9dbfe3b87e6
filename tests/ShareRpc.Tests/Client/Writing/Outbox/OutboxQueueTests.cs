using System.Reflection;
using Microsoft.Data.Sqlite;
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
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromSeconds(20), TimeProvider.System);
    private OutboxFile? opened;

    private OutboxFile Outbox => opened ??= new OutboxFile(directory["outbox.db"], Server, long.MaxValue);

    [Fact]
    public async Task One_step_settles_the_batches_that_were_acked_and_takes_those_that_follow()
    {
        long share = await FillAsync(7);
        OpBatch first = Outbox.TakeBatch(share, 0, Pairs)!, second = Outbox.TakeBatch(share, 2, Pairs)!;
        OutboxFile.Step step = await StepAsync(share, 4, (first, AckOf(first)), (second, AckOf(second)));

        Assert.True(step.NamesAll);
        Assert.Equal([["op-5", "op-6"], ["op-7"]], step.Taken.Select(batch => batch.Ops.Select(op => op.OpId)));
        Assert.Equal((0L, 3L), (Outbox.CountOps(share).Pending, Outbox.CountOps(share).InFlight));
        Assert.Equal(4, Outbox.GetShare(share).Applied);
    }

    [Fact]
    public async Task Invariant_I8_an_ack_that_names_only_some_ops_leaves_the_others_and_nothing_more_is_taken()
    {
        long share = await FillAsync(5);
        OpBatch batch = Outbox.TakeBatch(share, 0, Pairs)!;
        OutboxFile.Step step = await StepAsync(share, 2, (batch, AckOf(batch with { Ops = [batch.Ops[1]] })));

        Assert.False(step.NamesAll);
        Assert.Empty(step.Taken);
        OpBatch again = Outbox.TakeBatch(share, 0, Pairs)!;
        Assert.Equal((batch.BatchId, "op-1"), (again.BatchId, Assert.Single(again.Ops).OpId));
        Assert.Equal((3L, 1L), (Outbox.CountOps(share).Pending, Outbox.CountOps(share).InFlight));
    }

    [Fact]
    public async Task Invariant_I8_a_late_ack_settles_the_ops_it_names_though_their_seqs_are_others_now()
    {
        long share = await FillAsync(6);
        OpBatch first = Outbox.TakeBatch(share, 0, Pairs)!, second = Outbox.TakeBatch(share, 2, Pairs)!;
        Assert.True(Outbox.Settle(share, first, AckOf(first), Times));
        Outbox.StartNewWriter(share);
        Assert.Equal([("op-3", 1L), ("op-4", 2L)], SeqsOf(Outbox.TakeBatch(share, 0, Pairs)!));
        Assert.True(Outbox.Settle(share, second, AckOf(second), Times));

        Assert.Equal([("op-5", 3L), ("op-6", 4L)], SeqsOf(Outbox.TakeBatch(share, 0, Pairs)!));
    }

    [Fact]
    public async Task Grouping_and_bytes_of_a_batch_survive_a_restart_and_what_came_later_is_not_added_to_it()
    {
        long share = await FillAsync(1);
        OpBatch sent = Outbox.TakeBatch(share, 0, Pairs)!;
        Reopen();
        await EnqueueAsync(share, "later");

        Assert.Equal(BytesOf(sent), BytesOf(Outbox.TakeBatch(share, 0, Pairs)!));
        Assert.Equal("later", Assert.Single(Outbox.TakeBatch(share, 1, Pairs)!.Ops).OpId);
    }

    [Fact]
    public async Task A_seq_is_not_used_again_after_the_queue_was_empty()
    {
        long share = await FillAsync(2);
        OpBatch batch = Outbox.TakeBatch(share, 0, Pairs)!;
        Assert.True(Outbox.Settle(share, batch, AckOf(batch), Times));
        Reopen();
        await EnqueueAsync(share, "next");

        Assert.Equal([("next", 3L)], SeqsOf(Outbox.TakeBatch(share, 0, Pairs)!));
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

        Assert.Equal([("one-1", 1L), ("one-2", 2L), ("one-3", 3L)], SeqsOf(Outbox.TakeBatch(one, 0, ProtocolLimits.Default)!));
        Assert.Equal([("two-1", 1L), ("two-2", 2L), ("two-3", 3L)], SeqsOf(Outbox.TakeBatch(two, 0, ProtocolLimits.Default)!));
        Outbox.Close(one, "forbidden", "no");
        Assert.Equal((0L, 3L, 3L), (Outbox.CountOps(one).InFlight, Outbox.CountOps(one).Failed, Outbox.CountOps(two).InFlight));
    }

    [Fact]
    public async Task An_outbox_of_the_schema_before_keeps_its_queue_its_batches_and_what_was_refused()
    {
        WriteOldFile();
        Assert.Equal((2L, 3L, 1L, 1L), Outbox.CountOps(1));
        OpBatch first = Outbox.TakeBatch(1, 0, ProtocolLimits.Default)!, second = Outbox.TakeBatch(1, 4, ProtocolLimits.Default)!;

        Assert.Equal(("batch-a", true, "batch-b"), (first.BatchId, first.Atomic, second.BatchId));
        Assert.Equal([("a", 3L), ("b", 4L)], SeqsOf(first));
        Assert.Equal([("c", 5L)], SeqsOf(second));
        Assert.Equal([("d", 6L), ("e", 7L)], SeqsOf(Outbox.TakeBatch(1, 5, ProtocolLimits.Default)!));
        Assert.Equal(["f", "w"], Outbox.ReadParked(1, 0, 10).Select(parked => parked.Op.OpId));
        Assert.Equal(["x"], first.Ops[1].DependsOn!);
        await EnqueueAsync(1, "new");
        Assert.Equal([("new", 8L)], SeqsOf(Outbox.TakeBatch(1, 7, ProtocolLimits.Default)!));
        Assert.Equal(2, Outbox.RetryFailed(1));
        Assert.Equal([("f", 9L), ("w", 10L)], SeqsOf(Outbox.TakeBatch(1, 8, ProtocolLimits.Default)!));
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
        await Outbox.EnqueueAsync(share, [.. Enumerable.Range(1, count).Select(n => Put($"op-{n}"))], false, null, timeout.Token);
        return share;
    }

    private long AddShare(string externalKey) => Outbox.AddShare(new OutboxShare
    {
        Key = 0, ShareId = externalKey, ExternalKey = externalKey, AppendCapId = "cap", WriterId = "", IsCreated = true,
    }).Key;

    private Task EnqueueAsync(long share, string opId) => Outbox.EnqueueAsync(share, [Put(opId)], false, null, timeout.Token);

    private Task<OutboxFile.Step> StepAsync(long share, long afterSeq, params (OpBatch, Ack)[] acked) =>
        Outbox.StepAsync(share, acked, Times, 2, afterSeq, Pairs, timeout.Token);

    private static OpIntent Put(string opId) =>
        new() { OpId = opId, Verb = Verbs.Put, Kind = Kinds.Part, Key = "k", Data = RawJson.Parse($$"""{ "of": "{{opId}}" }""") };

    private static Ack AckOf(OpBatch batch) => new()
    {
        Cursor = batch.Ops[^1].Seq!.Value, Applied = [.. batch.Ops.Select(op => new OpCursor(op.OpId, op.Seq!.Value))], Duplicates = [],
        Rejected = [],
    };

    private static IEnumerable<(string, long)> SeqsOf(OpBatch batch) => batch.Ops.Select(op => (op.OpId, op.Seq!.Value));

    private static string BytesOf(OpBatch batch) => System.Text.Json.JsonSerializer.Serialize(batch, ProtocolJson.Options);

    /// <summary>A file as version 3 left it: two batches in flight, two rows pending, one parked and one waiting.</summary>
    private void WriteOldFile()
    {
        using var connection = new SqliteConnection($"Data Source={directory["outbox.db"]};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        Assembly client = typeof(OutboxFile).Assembly;
        foreach (string name in client.GetManifestResourceNames().Where(name => name.Contains(".Migrations.", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).Take(3))
        {
            using var script = new StreamReader(client.GetManifestResourceStream(name)!);
            command.CommandText = script.ReadToEnd();
            command.ExecuteNonQuery();
        }

        command.CommandText = $$"""
            CREATE TABLE schema_version (version INTEGER PRIMARY KEY);
            INSERT INTO schema_version VALUES (1), (2), (3);
            INSERT INTO share (share_key, share_id, external_key, server, append_cap_id, writer_id, next_seq, is_created)
            VALUES (1, 's', 'test:1', '{{Server}}', 'cap', 'w', 8, 1);
            INSERT INTO op (
              share_key, seq, op_id, verb, kind, key, data, depends_on, if_changed, atomic_group, state, batch_id, attempts, code)
            VALUES (1, NULL, 'f', 'put', 'part', 'k', X'7B7D', NULL, 0, NULL, 2, 'batch-0', 1, 'quota_exceeded'),
              (1, NULL, 'w', 'put', 'part', 'k', X'7B7D', '["z"]', 0, NULL, 3, NULL, 1, 'dependency_missing'),
              (1, 3, 'a', 'put', 'part', 'k', X'7B7D', NULL, 0, 'g', 1, 'batch-a', 1, NULL),
              (1, 4, 'b', 'put', 'part', 'k', X'7B7D', '["x"]', 0, 'g', 1, 'batch-a', 1, NULL),
              (1, 5, 'c', 'put', 'part', 'k', X'7B7D', NULL, 0, NULL, 1, 'batch-b', 2, NULL),
              (1, 6, 'd', 'put', 'part', 'k', X'7B7D', NULL, 0, NULL, 0, NULL, 0, NULL),
              (1, 7, 'e', 'put', 'part', 'k', X'7B7D', NULL, 0, NULL, 0, NULL, 0, NULL)
            """;
        command.ExecuteNonQuery();
    }
}
