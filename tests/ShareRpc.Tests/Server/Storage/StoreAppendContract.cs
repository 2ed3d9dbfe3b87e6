using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Storage;

/// <summary>Batches: one look-up for a group of them, one write for each.</summary>
public abstract class StoreAppendContract : StoreListContract
{
    private static AppendLookup Ask(long share, params string[] opIds) => new(share, opIds, [], [], 0);

    private static AppliedOp[] Applied((long Share, long Owner) share, long from, params string[] opIds) =>
        [.. opIds.Select((id, i) => (Seed.Op(share, from + i, id, key: $"k{id}") with { Seq = from + i }).ToApplied())];

    [StoreFact]
    public async Task A_group_of_batches_is_looked_up_at_once_each_in_its_share()
    {
        (long Share, long Owner) share = await Seed.ShareAsync(Store);
        (long Share, long Owner) other = await Seed.ShareAsync(Store);
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        Assert.Empty(await transaction.ReadForAppendAsync([]));
        long writer = await transaction.InsertWriterAsync(share.Share, "w", share.Owner);
        transaction.Append(new AppendedBatch
        {
            ShareKey = share.Share, ActorKey = share.Owner, TimeMs = 1, WriterKey = writer, AckedSeq = 4,
            Applied = Applied(share, 1, "a", "b", "c"),
            Unapplied = [new UnappliedOp("no", Seed.Digest, 4, ErrorCode.TooLarge, 0)],
        });
        transaction.WriteDoc(share.Share, Seed.Doc(Kinds.Part, "ka", "{}", cursor: 1) with { Size = 7 });
        transaction.AddQuota(share.Owner, 5, new DayUse(1, 2, 3, 4));

        IReadOnlyList<AppendFacts> facts = await transaction.ReadForAppendAsync(
        [
            Ask(share.Share, "a", "new", "c", "no") with
            {
                Documents = [(Kinds.Part, "ka"), (Kinds.Part, "none")], Refs = [share.Owner, other.Owner], Day = 5,
            },
            Ask(other.Share, "a", "no"),
            Ask(share.Share, "b"),
        ]);

        Assert.Equal(["a", "c", "no"], facts[0].Records.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((true, 3L, null), (facts[0].Records["c"].Applied, facts[0].Records["c"].Cursor,
            facts[0].Records["c"].Code));
        Assert.Equal((false, ErrorCode.TooLarge), (facts[0].Records["no"].Applied, facts[0].Records["no"].Code));
        Assert.Equal(new DocumentMeasure(7, ContentClass.Plain, 1), facts[0].Documents[(Kinds.Part, "ka")]);
        Assert.Equal(DocumentMeasure.None, facts[0].Documents[(Kinds.Part, "none")]);
        Assert.Equal(new DayUse(1, 2, 3, 4), facts[0].Uses[share.Owner]);
        Assert.Equal(default, facts[0].Uses[other.Owner]);
        Assert.Empty(facts[1].Records);
        Assert.Equal(2, facts[2].Records["b"].Cursor);
    }

    [StoreFact]
    public async Task A_batch_is_written_whole_with_its_writer_and_its_turns()
    {
        (long Share, long Owner) share = await Seed.ShareAsync(Store);
        long writer;
        await using (IWriteTransaction transaction = await Store.BeginWriteAsync())
        {
            writer = await transaction.InsertWriterAsync(share.Share, "w", share.Owner);
            transaction.Append(new AppendedBatch
            {
                ShareKey = share.Share, ActorKey = share.Owner, TimeMs = 9, WriterKey = writer, AckedSeq = 2,
                Applied = Applied(share, 1, "a", "b"), Turns = [new TurnMark("ka", 1, IsStreaming: true)],
            });
            transaction.Append(new AppendedBatch
            {
                ShareKey = share.Share, ActorKey = share.Owner, TimeMs = 10, WriterKey = writer, AckedSeq = 5,
                Applied = [.. Applied(share, 3, "c"), .. Applied(share, 4, "e").Select(op => op with
                {
                    Op = op.Op with { Seq = 5 },
                })],
                Unapplied = [new UnappliedOp("d", Seed.Digest, 4, null, 1)],
            });
            Assert.Equal(4, await transaction.ReadHeadAsync(share.Share));
            await transaction.CommitAsync();
        }

        await using IWriteTransaction reading = await Store.BeginWriteAsync();
        Assert.Equal(["a", "b", "c", "d", "e"],
            (await reading.ReadWriterRecordsAsync(writer, 1, 9)).Select(record => record.OpId));
        Assert.Equal([1L, 2L, 3L, 1L, 4L],
            (await reading.ReadWriterRecordsAsync(writer, 1, 9)).Select(record => record.Cursor));
        Assert.Equal([9L, 9L, 10L, 10L],
            (await reading.ReadOpsAsync(share.Share, 0, 9, int.MaxValue)).Select(op => op.TimeMs));
        Assert.Equal(5, (await reading.FindWriterAsync(share.Share, "w"))!.AckedSeq);
        Assert.Equal([new OpenTurnRow(share.Share, "ka", 1, "w", 5)], await reading.ReadOpenTurnsAsync(0, "", 9));
        reading.Append(new AppendedBatch
        {
            ShareKey = share.Share, ActorKey = share.Owner, TimeMs = 11, Turns = [new TurnMark("ka", 4, false)],
        });
        Assert.Empty(await reading.ReadOpenTurnsAsync(0, "", 9));
    }

    [StoreFact]
    public async Task What_a_failed_transaction_used_of_a_day_is_not_used()
    {
        (long Share, long Owner) share = await Seed.ShareAsync(Store);
        await using (IWriteTransaction lost = await Store.BeginWriteAsync())
        {
            lost.AddQuota(share.Owner, 5, new DayUse(1, 1));
            Assert.Equal(new DayUse(1, 1), await lost.ReadQuotaAsync(share.Owner, 5));
        }

        await using IWriteTransaction next = await Store.BeginWriteAsync();
        AppendLookup lookup = Ask(share.Share) with { Refs = [share.Owner], Day = 5 };
        Assert.Equal(default, (await next.ReadForAppendAsync([lookup]))[0].Uses[share.Owner]);
        next.AddQuota(share.Owner, 5, new DayUse(2, 2));
        next.AddQuota(share.Owner, 6, new DayUse(3, 3));
        Assert.Equal(default, (await next.ReadForAppendAsync([lookup]))[0].Uses[share.Owner]);
        Assert.Equal(new DayUse(3, 3), await next.ReadQuotaAsync(share.Owner, 6));
    }

    [StoreFact]
    public async Task Invariant_I2_an_id_is_known_before_and_after_a_checkpoint_whatever_its_form_and_order()
    {
        (long Share, long Owner) share = await Seed.ShareAsync(Store);
        (long Share, long Owner) other = await Seed.ShareAsync(Store);
        string[] ids =
        [
            "0192a000-0000-7000-8000-000000000002", "ffffffff-ffff-ffff-ffff-ffffffffffff", new('~', 64), "text",
            "0192a000-0000-7000-8000-000000000001", "00000000-0000-0000-0000-000000000000",
            "0192A000-0000-7000-8000-000000000001", "0191a000-0000-7000-8000-000000000009",
        ];
        string[] unknown =
            ["0192a000-0000-7000-8000-000000000003", "fffffff0-ffff-ffff-ffff-ffffffffffff", new('~', 63), "lost"];
        for (int i = 0; i < ids.Length; i++)
        {
            await using IWriteTransaction transaction = await Store.BeginWriteAsync();
            transaction.Append(Batch(share, Applied(share, i + 1, ids[i])));
            if (i is 2 or 3 or 6) transaction.SetFolded(share.Share, i);
            await transaction.CommitAsync();
            await FindsAsync(i + 1);
        }

        await using (IWriteTransaction lost = await Store.BeginWriteAsync())
        {
            lost.Append(Batch(share, Applied(share, ids.Length + 1, "lost")));
            lost.SetFolded(share.Share, ids.Length + 1);
        }

        await FindsAsync(ids.Length);
        await using (IWriteTransaction again = await Store.BeginWriteAsync())
        {
            again.SetFolded(share.Share, ids.Length);
            again.Append(Batch(share, Applied(share, ids.Length + 1, "lost")));
            Assert.Single((await again.ReadForAppendAsync([Ask(share.Share, "lost")]))[0].Records);
        }

        async Task FindsAsync(int count)
        {
            await using IWriteTransaction reading = await Store.BeginWriteAsync();
            string[] asked = [.. ids, .. unknown];
            IReadOnlyList<AppendFacts> facts = await reading.ReadForAppendAsync(
                [Ask(share.Share, asked), Ask(other.Share, asked), .. asked.Select(id => Ask(share.Share, id)),
                    Ask(share.Share, [.. asked.Where(id => id.Length == 36)])]);
            Assert.Equal(ids[..count].Order(StringComparer.Ordinal),
                facts[0].Records.Keys.Order(StringComparer.Ordinal));
            Assert.All(facts[0].Records, record => Assert.Equal(
                (Array.IndexOf(ids, record.Key) + 1L, true), (record.Value.Cursor, record.Value.Applied)));
            Assert.Empty(facts[1].Records);
            for (int i = 0; i < asked.Length; i++) Assert.Equal(i < count ? 1 : 0, facts[i + 2].Records.Count);
            Assert.Equal(ids[..count].Count(id => id.Length == 36), facts[^1].Records.Count);
        }
    }

    private static AppendedBatch Batch((long Share, long Owner) share, AppliedOp[] applied) =>
        new() { ShareKey = share.Share, ActorKey = share.Owner, TimeMs = 1, Applied = applied };
}
