using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Storage;

/// <summary>
/// What every <see cref="IShareStore"/> does. A store's test class derives from it and opens its own kind, empty.
/// </summary>
public abstract class ShareStoreContract : StoreAppendContract
{
    [StoreFact]
    public async Task An_op_id_is_stored_once_in_its_share()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        (long Share, long Owner) share = await Seed.ShareAsync(transaction);
        (long Share, long Owner) other = await Seed.ShareAsync(transaction);

        Assert.True(await transaction.TryInsertOpAsync(Seed.Op(share, 1, "a")));
        Assert.False(await transaction.TryInsertOpAsync(Seed.Op(share, 2, "a", data: """{"other":1}""")));
        Assert.True(await transaction.TryInsertOpAsync(Seed.Op(other, 1, "a")));
        Assert.True(await transaction.TryInsertOpAsync(Seed.Op(share, 2, "b")));

        Assert.Equal((2L, 1L),
            (await transaction.ReadHeadAsync(share.Share), await transaction.ReadHeadAsync(other.Share)));
        Assert.Equal(["a", "b"],
            (await transaction.ReadOpsAsync(share.Share, 0, 10, int.MaxValue)).Select(op => op.OpId));
    }

    [StoreFact]
    public async Task The_head_is_the_last_cursor_and_0_for_an_empty_log()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        (long Share, long Owner) share = await Seed.ShareAsync(transaction);
        Assert.Equal(0, await transaction.ReadHeadAsync(share.Share));
        for (int i = 1; i <= 3; i++) await transaction.TryInsertOpAsync(
            Seed.Op(share, await transaction.ReadHeadAsync(share.Share) + 1, $"op{i}"));
        Assert.Equal(3, await transaction.ReadHeadAsync(share.Share));
    }

    [StoreFact]
    public async Task An_op_comes_back_as_it_was_stored()
    {
        const string Data = """{ "b" : "\uD83D", "a":1.0e2 }""";
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        (long Share, long Owner) share = await Seed.ShareAsync(transaction);
        long writer = await transaction.InsertWriterAsync(share.Share, "w", share.Owner);
        await transaction.TryInsertOpAsync(
            Seed.Op(share, 1, "a", "ä/😀", data: Data) with { WriterKey = writer, Seq = 7 });
        await transaction.TryInsertOpAsync(Seed.Op(share, 2, "b", verb: Verbs.Remove, data: null));

        IReadOnlyList<LoggedOp> ops = await transaction.ReadOpsAsync(share.Share, 0, 10, int.MaxValue);

        LoggedOp op = ops[0];
        Assert.Equal((1L, "a", Verbs.Put, Kinds.Part, "ä/😀"), (op.Cursor, op.OpId, op.Verb, op.Kind, op.Key));
        Assert.Equal(("w", 7L, 3_000L, 1), (op.WriterId, op.Seq, op.TimeMs, op.SchemaVersion));
        Assert.Equal(Data, op.Data!.Value.ToString());
        Assert.Equal((await transaction.FindRefAsync(share.Owner))!.CapId, op.Actor);
        Assert.Equal((Verbs.Remove, null, null, null), (ops[1].Verb, ops[1].Data, ops[1].WriterId, ops[1].Seq));
        (string verb, ReadOnlyMemory<byte>? content,
            long? writerKey) = await transaction.ReadOpContentAsync(share.Share, 2);
        Assert.Equal((Verbs.Remove, false, null), (verb, content.HasValue, writerKey));
    }

    [StoreFact]
    public async Task A_page_of_ops_ends_at_its_limits_but_has_one_op_at_least()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        (long Share, long Owner) share = await Seed.ShareAsync(transaction);
        string data = $$"""{"text":"{{new string('x', 1_000)}}"}""";
        for (int i = 1; i <= 5; i++) await transaction.TryInsertOpAsync(Seed.Op(share, i, $"op{i}", data: data));

        Assert.Equal([3L, 4L],
            (await transaction.ReadOpsAsync(share.Share, 2, 2, int.MaxValue)).Select(op => op.Cursor));
        Assert.Equal([1L], (await transaction.ReadOpsAsync(share.Share, 0, 5, 1)).Select(op => op.Cursor));
        Assert.Equal([1L, 2L], (await transaction.ReadOpsAsync(share.Share, 0, 5, 2_800)).Select(op => op.Cursor));
        Assert.Empty(await transaction.ReadOpsAsync(share.Share, 5, 5, int.MaxValue));
        Assert.Equal([4L, 5L], (await transaction.ReadTailAsync(share.Share, 3, 10)).Select(op => op.Cursor));
        Assert.Equal(1_011, (await transaction.ReadTailAsync(share.Share, 3, 1))[0].Bytes);
    }

    [StoreFact]
    public async Task What_became_of_a_writers_seqs_comes_in_their_order()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        (long Share, long Owner) share = await Seed.ShareAsync(transaction);
        long writer = await transaction.InsertWriterAsync(share.Share, "w", share.Owner);
        long other = await transaction.InsertWriterAsync(share.Share, "v", share.Owner);
        await transaction.TryInsertOpAsync(Seed.Op(share, 1, "applied") with { WriterKey = writer, Seq = 1 });
        transaction.InsertRejection(share.Share, "refused", Seed.Digest, writer, 2, ErrorCode.TurnFinal, 0);
        transaction.InsertRejection(share.Share, "duplicate", Seed.Digest, writer, 3, null, 1);
        await transaction.TryInsertOpAsync(Seed.Op(share, 2, "last") with { WriterKey = writer, Seq = 4 });
        await transaction.TryInsertOpAsync(Seed.Op(share, 3, "foreign") with { WriterKey = other, Seq = 2 });

        IReadOnlyList<OpRecord> records = await transaction.ReadWriterRecordsAsync(writer, 1, 10);

        Assert.Equal(["applied", "refused", "duplicate", "last"], records.Select(record => record.OpId));
        Assert.Equal([true, false, false, true], records.Select(record => record.Applied));
        Assert.Equal([null, ErrorCode.TurnFinal, null, null], records.Select(record => record.Code));
        Assert.Equal([1L, 0L, 1L, 2L], records.Select(record => record.Cursor));
        Assert.All(records, record => Assert.Equal(Seed.Digest, record.Digest));
        Assert.Equal(["refused", "duplicate"],
            (await transaction.ReadWriterRecordsAsync(writer, 2, 2)).Select(record => record.OpId));
    }

    [StoreFact]
    public async Task What_became_of_a_writers_seqs_is_found_wherever_its_ops_stand_between_those_of_others()
    {
        (long Share, long Owner) share = await Seed.ShareAsync(Store);
        long writer = 0, other = 0, cursor = 0;
        for (int round = 0; round < 4; round++)
        {
            await using IWriteTransaction transaction = await Store.BeginWriteAsync();
            if (round == 0)
            {
                writer = await transaction.InsertWriterAsync(share.Share, "w", share.Owner);
                other = await transaction.InsertWriterAsync(share.Share, "v", share.Owner);
            }

            // 1 to 3 at once, then one of the other's, then 4 alone; and so on.
            for (int i = 1; i <= 4; i++)
            {
                if (i == 4) await transaction.TryInsertOpAsync(
                    Seed.Op(share, ++cursor, $"v{round}") with { WriterKey = other, Seq = round + 1 });
                int seq = (4 * round) + i;
                await transaction.TryInsertOpAsync(
                    Seed.Op(share, ++cursor, $"w{seq}") with { WriterKey = writer, Seq = seq });
                transaction.SetWatermark(share.Share, writer, seq);
            }

            await transaction.CommitAsync();
        }

        await using IWriteTransaction reading = await Store.BeginWriteAsync();
        for (int from = 1; from <= 16; from++)
        {
            for (int count = 1; count <= 16; count++)
            {
                Assert.Equal(
                    Enumerable.Range(from, Math.Min(count, 17 - from)).Select(seq => $"w{seq}"),
                    (await reading.ReadWriterRecordsAsync(writer, from, count)).Select(record => record.OpId));
            }
        }

        Assert.Equal(["v0", "v1", "v2", "v3"],
            (await reading.ReadWriterRecordsAsync(other, 1, 10)).Select(record => record.OpId));
        Assert.Equal([4L, 9L, 14L, 19L],
            (await reading.ReadWriterRecordsAsync(other, 1, 10)).Select(record => record.Cursor));
    }

    [StoreFact]
    public async Task What_was_rolled_back_is_no_record_of_its_writer()
    {
        (long Share, long Owner) share = await Seed.ShareAsync(Store);
        long writer;
        await using (IWriteTransaction first = await Store.BeginWriteAsync())
        {
            writer = await first.InsertWriterAsync(share.Share, "w", share.Owner);
            await first.TryInsertOpAsync(Seed.Op(share, 1, "kept") with { WriterKey = writer, Seq = 1 });
            first.InsertRejection(share.Share, "aborted", Seed.Digest, writer, 2, ErrorCode.AtomicAborted, 0);
            await first.TryInsertOpAsync(Seed.Op(share, 2, "after") with { WriterKey = writer, Seq = 3 });
            first.SetWatermark(share.Share, writer, 3);
            await first.CommitAsync();
        }

        await using (IWriteTransaction lost = await Store.BeginWriteAsync())
        {
            await lost.TryInsertOpAsync(Seed.Op(share, 3, "lost") with { WriterKey = writer, Seq = 4 });
            lost.SetWatermark(share.Share, writer, 4);
        }

        await using IWriteTransaction last = await Store.BeginWriteAsync();
        await last.TryInsertOpAsync(Seed.Op(share, 3, "again") with { WriterKey = writer, Seq = 4 });
        Assert.Equal(["kept", "aborted", "after", "again"],
            (await last.ReadWriterRecordsAsync(writer, 1, 10)).Select(record => record.OpId));
        Assert.Equal([1L, 0L, 2L, 3L],
            (await last.ReadWriterRecordsAsync(writer, 1, 10)).Select(record => record.Cursor));
    }

    [StoreFact]
    public async Task Of_an_op_id_the_op_counts_then_a_duplicate_then_the_newest_rejection()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        (long Share, long Owner) share = await Seed.ShareAsync(transaction);
        Assert.Null(await transaction.FindOpRecordAsync(share.Share, "a"));
        transaction.InsertRejection(share.Share, "a", Seed.Digest, null, null, ErrorCode.TooLarge, 0);
        transaction.InsertRejection(share.Share, "a", Seed.Digest, null, null, ErrorCode.TurnFinal, 0);
        Assert.Equal(ErrorCode.TurnFinal, (await transaction.FindOpRecordAsync(share.Share, "a"))!.Code);
        transaction.InsertRejection(share.Share, "a", Seed.Digest, null, null, null, 7);
        transaction.InsertRejection(share.Share, "a", Seed.Digest, null, null, ErrorCode.OpIdReused, 0);
        Assert.Equal((7L, null),
            ((await transaction.FindOpRecordAsync(share.Share, "a"))!.Cursor,
                (await transaction.FindOpRecordAsync(share.Share, "a"))!.Code));

        await transaction.TryInsertOpAsync(Seed.Op(share, 1, "a"));

        OpRecord record = (await transaction.FindOpRecordAsync(share.Share, "a"))!;
        Assert.Equal((true, 1L, null), (record.Applied, record.Cursor, record.Code));
    }

    [StoreFact]
    public async Task A_writers_watermark_is_its_shares_own()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        (long Share, long Owner) share = await Seed.ShareAsync(transaction);
        (long Share, long Owner) other = await Seed.ShareAsync(transaction);
        long writer = await transaction.InsertWriterAsync(share.Share, "w", share.Owner);
        await transaction.InsertWriterAsync(other.Share, "w", other.Owner);
        Assert.Equal(0, (await transaction.FindWriterAsync(share.Share, "w"))!.AckedSeq);

        transaction.SetWatermark(share.Share, writer, 12);

        Assert.Equal(new WriterRow(writer, "w", share.Owner, 12), await transaction.FindWriterAsync(share.Share, "w"));
        Assert.Equal(0, (await transaction.FindWriterAsync(other.Share, "w"))!.AckedSeq);
        Assert.Null(await transaction.FindWriterAsync(share.Share, "nobody"));
    }

    [StoreFact]
    public async Task A_snapshot_does_not_see_what_is_written_after_its_first_read()
    {
        (long Share, long Owner) share = await Seed.ShareAsync(Store);
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        await transaction.TryInsertOpAsync(Seed.Op(share, 1, "a"));
        await using IReadSnapshot before = await Store.BeginReadAsync();
        Assert.Equal(0, await before.ReadHeadAsync(share.Share));

        await transaction.CommitAsync();

        Assert.Equal(0, await before.ReadHeadAsync(share.Share));
        Assert.Empty(await before.ReadOpsAsync(share.Share, 0, 10, int.MaxValue));
        await using IReadSnapshot after = await Store.BeginReadAsync();
        Assert.Equal(1, await after.ReadHeadAsync(share.Share));
    }

    [StoreFact]
    public async Task Many_snapshots_are_open_at_once_and_each_can_be_used_again()
    {
        (long Share, long Owner) share = await Seed.ShareAsync(Store);
        for (int round = 0; round < 2; round++)
        {
            var snapshots = new List<IReadSnapshot>();
            while (snapshots.Count < 12) snapshots.Add(await Store.BeginReadAsync());
            foreach (IReadSnapshot snapshot in snapshots) Assert.Equal(share.Share,
                (await snapshot.FindShareAsync(share.Share))!.Key);
            foreach (IReadSnapshot snapshot in snapshots) await snapshot.DisposeAsync();
        }
    }

    [StoreFact]
    public async Task A_transaction_that_is_not_committed_leaves_nothing()
    {
        (long Share, long Owner) share = await Seed.ShareAsync(Store);
        await using (IWriteTransaction transaction = await Store.BeginWriteAsync())
        {
            await transaction.TryInsertOpAsync(Seed.Op(share, 1, "a"));
            transaction.SetFolded(share.Share, 1);
            Assert.Equal(1, await transaction.ReadHeadAsync(share.Share));
        }

        await using IWriteTransaction next = await Store.BeginWriteAsync();
        Assert.Equal((0L, 0L),
            (await next.ReadHeadAsync(share.Share), (await next.FindShareAsync(share.Share))!.Folded));
        Assert.True(await next.TryInsertOpAsync(Seed.Op(share, 1, "a")));
    }

    [StoreFact]
    public async Task The_chain_of_a_ref_goes_up_to_the_root()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        long root = await transaction.InsertRefAsync(Seed.Ref());
        (long share, long owner) = await Seed.ShareAsync(transaction, root);
        long viewer = await transaction.InsertRefAsync(Seed.Ref(owner, share, Rights.Read));

        Assert.Equal([viewer, owner, root], (await transaction.ReadChainAsync(viewer)).Select(row => row.Key));
        Assert.Equal([root], (await transaction.ReadChainAsync(root)).Select(row => row.Key));
    }

    [StoreFact]
    public async Task A_ref_comes_back_as_it_was_stored_and_as_it_was_revoked()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        RefRow row = Seed.Ref() with { Caveats = new Caveats { ExpiresAtMs = 99 }, Label = null };
        long key = await transaction.InsertRefAsync(row);
        RefRow stored = (await transaction.FindRefAsync(row.CapId))!;
        Assert.Equal(row with { Key = key, Verifier = stored.Verifier }, stored);
        Assert.Equal(row.Verifier, stored.Verifier);

        transaction.SetRevoked(key, 2, 5_000);

        RefRow revoked = (await transaction.FindRefAsync(key))! with { Verifier = stored.Verifier };
        Assert.Equal(stored with { Epoch = 2, RevokedMs = 5_000 }, revoked);
        Assert.Null(await transaction.FindRefAsync("nobody"));
        Assert.Null(await transaction.FindShareAsync("none"));
    }
}
