using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage;

/// <summary>What every <see cref="IShareStore"/> does. A store's test class derives from it and opens its own kind, empty.</summary>
public abstract partial class ShareStoreContract : IDisposable
{
    private readonly Lazy<IShareStore> store;

    protected ShareStoreContract()
    {
        store = new Lazy<IShareStore>(() => (IShareStore)OpenEmpty());
    }

    private IShareStore Store => store.Value;

    public void Dispose()
    {
        if (store.IsValueCreated) store.Value.Dispose();
        Close();
        GC.SuppressFinalize(this);
    }

    /// <summary>An <see cref="IShareStore"/>, which is internal and cannot be named in a public signature.</summary>
    protected abstract object OpenEmpty();

    protected abstract void Close();

    [Fact]
    public void An_op_id_is_stored_once_in_its_share()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        (long Share, long Owner) share = Seed.Share(transaction);
        (long Share, long Owner) other = Seed.Share(transaction);

        Assert.True(transaction.TryInsertOp(Seed.Op(share, 1, "a")));
        Assert.False(transaction.TryInsertOp(Seed.Op(share, 2, "a", data: """{"other":1}""")));
        Assert.True(transaction.TryInsertOp(Seed.Op(other, 1, "a")));
        Assert.True(transaction.TryInsertOp(Seed.Op(share, 2, "b")));

        Assert.Equal((2L, 1L), (transaction.ReadHead(share.Share), transaction.ReadHead(other.Share)));
        Assert.Equal(["a", "b"], transaction.ReadOps(share.Share, 0, 10, int.MaxValue).Select(op => op.OpId));
    }

    [Fact]
    public void The_head_is_the_last_cursor_and_0_for_an_empty_log()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        (long Share, long Owner) share = Seed.Share(transaction);
        Assert.Equal(0, transaction.ReadHead(share.Share));
        for (int i = 1; i <= 3; i++) transaction.TryInsertOp(Seed.Op(share, transaction.ReadHead(share.Share) + 1, $"op{i}"));
        Assert.Equal(3, transaction.ReadHead(share.Share));
    }

    [Fact]
    public void An_op_comes_back_as_it_was_stored()
    {
        const string Data = """{ "b" : "\uD83D", "a":1.0e2 }""";
        using IWriteTransaction transaction = Store.BeginWrite();
        (long Share, long Owner) share = Seed.Share(transaction);
        long writer = transaction.InsertWriter(share.Share, "w", share.Owner);
        transaction.TryInsertOp(Seed.Op(share, 1, "a", "ä/😀", data: Data) with { WriterKey = writer, Seq = 7 });
        transaction.TryInsertOp(Seed.Op(share, 2, "b", verb: Verbs.Remove, data: null));

        IReadOnlyList<LoggedOp> ops = transaction.ReadOps(share.Share, 0, 10, int.MaxValue);

        LoggedOp op = ops[0];
        Assert.Equal((1L, "a", Verbs.Put, Kinds.Part, "ä/😀"), (op.Cursor, op.OpId, op.Verb, op.Kind, op.Key));
        Assert.Equal(("w", 7L, 3_000L, 1), (op.WriterId, op.Seq, op.TimeMs, op.SchemaVersion));
        Assert.Equal(Data, op.Data!.Value.ToString());
        Assert.Equal(transaction.FindRef(share.Owner)!.CapId, op.Actor);
        Assert.Equal((Verbs.Remove, null, null, null), (ops[1].Verb, ops[1].Data, ops[1].WriterId, ops[1].Seq));
        (string verb, ReadOnlyMemory<byte>? content, long? writerKey) = transaction.ReadOpContent(share.Share, 2);
        Assert.Equal((Verbs.Remove, false, null), (verb, content.HasValue, writerKey));
    }

    [Fact]
    public void A_page_of_ops_ends_at_its_limits_but_has_one_op_at_least()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        (long Share, long Owner) share = Seed.Share(transaction);
        string data = $$"""{"text":"{{new string('x', 1_000)}}"}""";
        for (int i = 1; i <= 5; i++) transaction.TryInsertOp(Seed.Op(share, i, $"op{i}", data: data));

        Assert.Equal([3L, 4L], transaction.ReadOps(share.Share, 2, 2, int.MaxValue).Select(op => op.Cursor));
        Assert.Equal([1L], transaction.ReadOps(share.Share, 0, 5, 1).Select(op => op.Cursor));
        Assert.Equal([1L, 2L], transaction.ReadOps(share.Share, 0, 5, 2_800).Select(op => op.Cursor));
        Assert.Empty(transaction.ReadOps(share.Share, 5, 5, int.MaxValue));
        Assert.Equal([4L, 5L], transaction.ReadTail(share.Share, 3, 10).Select(op => op.Cursor));
        Assert.Equal(1_011, transaction.ReadTail(share.Share, 3, 1)[0].Bytes);
    }

    [Fact]
    public void What_became_of_a_writers_seqs_comes_in_their_order()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        (long Share, long Owner) share = Seed.Share(transaction);
        long writer = transaction.InsertWriter(share.Share, "w", share.Owner);
        long other = transaction.InsertWriter(share.Share, "v", share.Owner);
        transaction.TryInsertOp(Seed.Op(share, 1, "applied") with { WriterKey = writer, Seq = 1 });
        transaction.InsertRejection(share.Share, "refused", Seed.Digest, writer, 2, ErrorCode.TurnFinal, 0);
        transaction.InsertRejection(share.Share, "duplicate", Seed.Digest, writer, 3, null, 1);
        transaction.TryInsertOp(Seed.Op(share, 2, "last") with { WriterKey = writer, Seq = 4 });
        transaction.TryInsertOp(Seed.Op(share, 3, "foreign") with { WriterKey = other, Seq = 2 });

        IReadOnlyList<OpRecord> records = transaction.ReadWriterRecords(writer, 1, 10);

        Assert.Equal(["applied", "refused", "duplicate", "last"], records.Select(record => record.OpId));
        Assert.Equal([true, false, false, true], records.Select(record => record.Applied));
        Assert.Equal([null, ErrorCode.TurnFinal, null, null], records.Select(record => record.Code));
        Assert.Equal([1L, 0L, 1L, 2L], records.Select(record => record.Cursor));
        Assert.All(records, record => Assert.Equal(Seed.Digest, record.Digest));
        Assert.Equal(["refused", "duplicate"], transaction.ReadWriterRecords(writer, 2, 2).Select(record => record.OpId));
    }

    [Fact]
    public void What_became_of_a_writers_seqs_is_found_wherever_its_ops_stand_between_those_of_others()
    {
        (long Share, long Owner) share = Seed.Share(Store);
        long writer = 0, other = 0, cursor = 0;
        for (int round = 0; round < 4; round++)
        {
            using IWriteTransaction transaction = Store.BeginWrite();
            if (round == 0)
            {
                writer = transaction.InsertWriter(share.Share, "w", share.Owner);
                other = transaction.InsertWriter(share.Share, "v", share.Owner);
            }

            // 1 to 3 at once, then one of the other's, then 4 alone; and so on.
            for (int i = 1; i <= 4; i++)
            {
                if (i == 4) transaction.TryInsertOp(Seed.Op(share, ++cursor, $"v{round}") with { WriterKey = other, Seq = round + 1 });
                int seq = (4 * round) + i;
                transaction.TryInsertOp(Seed.Op(share, ++cursor, $"w{seq}") with { WriterKey = writer, Seq = seq });
                transaction.SetWatermark(writer, seq);
            }

            transaction.Commit();
        }

        using IWriteTransaction reading = Store.BeginWrite();
        for (int from = 1; from <= 16; from++)
        {
            for (int count = 1; count <= 16; count++)
            {
                Assert.Equal(
                    Enumerable.Range(from, Math.Min(count, 17 - from)).Select(seq => $"w{seq}"),
                    reading.ReadWriterRecords(writer, from, count).Select(record => record.OpId));
            }
        }

        Assert.Equal(["v0", "v1", "v2", "v3"], reading.ReadWriterRecords(other, 1, 10).Select(record => record.OpId));
        Assert.Equal([4L, 9L, 14L, 19L], reading.ReadWriterRecords(other, 1, 10).Select(record => record.Cursor));
    }

    [Fact]
    public void What_was_taken_back_is_no_record_of_its_writer()
    {
        (long Share, long Owner) share = Seed.Share(Store);
        long writer;
        using (IWriteTransaction first = Store.BeginWrite())
        {
            writer = first.InsertWriter(share.Share, "w", share.Owner);
            first.TryInsertOp(Seed.Op(share, 1, "kept") with { WriterKey = writer, Seq = 1 });
            using (first.BeginSavepoint()) first.TryInsertOp(Seed.Op(share, 2, "aborted") with { WriterKey = writer, Seq = 2 });
            first.InsertRejection(share.Share, "aborted", Seed.Digest, writer, 2, ErrorCode.AtomicAborted, 0);
            first.TryInsertOp(Seed.Op(share, 2, "after") with { WriterKey = writer, Seq = 3 });
            first.SetWatermark(writer, 3);
            first.Commit();
        }

        using (IWriteTransaction lost = Store.BeginWrite())
        {
            lost.TryInsertOp(Seed.Op(share, 3, "lost") with { WriterKey = writer, Seq = 4 });
            lost.SetWatermark(writer, 4);
        }

        using IWriteTransaction last = Store.BeginWrite();
        last.TryInsertOp(Seed.Op(share, 3, "again") with { WriterKey = writer, Seq = 4 });
        Assert.Equal(["kept", "aborted", "after", "again"], last.ReadWriterRecords(writer, 1, 10).Select(record => record.OpId));
        Assert.Equal([1L, 0L, 2L, 3L], last.ReadWriterRecords(writer, 1, 10).Select(record => record.Cursor));
    }

    [Fact]
    public void Of_an_op_id_the_op_counts_then_a_duplicate_then_the_newest_rejection()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        (long Share, long Owner) share = Seed.Share(transaction);
        Assert.Null(transaction.FindOpRecord(share.Share, "a"));
        transaction.InsertRejection(share.Share, "a", Seed.Digest, null, null, ErrorCode.TooLarge, 0);
        transaction.InsertRejection(share.Share, "a", Seed.Digest, null, null, ErrorCode.TurnFinal, 0);
        Assert.Equal(ErrorCode.TurnFinal, transaction.FindOpRecord(share.Share, "a")!.Code);
        transaction.InsertRejection(share.Share, "a", Seed.Digest, null, null, null, 7);
        transaction.InsertRejection(share.Share, "a", Seed.Digest, null, null, ErrorCode.OpIdReused, 0);
        Assert.Equal((7L, null), (transaction.FindOpRecord(share.Share, "a")!.Cursor, transaction.FindOpRecord(share.Share, "a")!.Code));

        transaction.TryInsertOp(Seed.Op(share, 1, "a"));

        OpRecord record = transaction.FindOpRecord(share.Share, "a")!;
        Assert.Equal((true, 1L, null), (record.Applied, record.Cursor, record.Code));
    }

    [Fact]
    public void A_writers_watermark_is_its_shares_own()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        (long Share, long Owner) share = Seed.Share(transaction);
        (long Share, long Owner) other = Seed.Share(transaction);
        long writer = transaction.InsertWriter(share.Share, "w", share.Owner);
        transaction.InsertWriter(other.Share, "w", other.Owner);
        Assert.Equal(0, transaction.FindWriter(share.Share, "w")!.AckedSeq);

        transaction.SetWatermark(writer, 12);

        Assert.Equal(new WriterRow(writer, "w", share.Owner, 12), transaction.FindWriter(share.Share, "w"));
        Assert.Equal(0, transaction.FindWriter(other.Share, "w")!.AckedSeq);
        Assert.Null(transaction.FindWriter(share.Share, "nobody"));
    }

    [Fact]
    public void A_snapshot_does_not_see_what_is_written_after_its_first_read()
    {
        (long Share, long Owner) share = Seed.Share(Store);
        using IWriteTransaction transaction = Store.BeginWrite();
        transaction.TryInsertOp(Seed.Op(share, 1, "a"));
        using IReadSnapshot before = Store.BeginRead();
        Assert.Equal(0, before.ReadHead(share.Share));

        transaction.Commit();

        Assert.Equal(0, before.ReadHead(share.Share));
        Assert.Empty(before.ReadOps(share.Share, 0, 10, int.MaxValue));
        using IReadSnapshot after = Store.BeginRead();
        Assert.Equal(1, after.ReadHead(share.Share));
    }

    [Fact]
    public void Many_snapshots_are_open_at_once_and_each_can_be_used_again()
    {
        (long Share, long Owner) share = Seed.Share(Store);
        for (int round = 0; round < 2; round++)
        {
            IReadSnapshot[] snapshots = [.. Enumerable.Range(0, 20).Select(_ => Store.BeginRead())];
            Assert.All(snapshots, snapshot => Assert.Equal(share.Share, snapshot.FindShare(share.Share)!.Key));
            foreach (IReadSnapshot snapshot in snapshots) snapshot.Dispose();
        }
    }

    [Fact]
    public void A_transaction_that_is_not_committed_leaves_nothing()
    {
        (long Share, long Owner) share = Seed.Share(Store);
        using (IWriteTransaction transaction = Store.BeginWrite())
        {
            transaction.TryInsertOp(Seed.Op(share, 1, "a"));
            transaction.SetFolded(share.Share, 1);
            Assert.Equal(1, transaction.ReadHead(share.Share));
        }

        using IWriteTransaction next = Store.BeginWrite();
        Assert.Equal((0L, 0L), (next.ReadHead(share.Share), next.FindShare(share.Share)!.Folded));
        Assert.True(next.TryInsertOp(Seed.Op(share, 1, "a")));
    }

    [Fact]
    public void A_savepoint_takes_back_its_own_writes_and_no_others()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        (long Share, long Owner) share = Seed.Share(transaction);
        transaction.TryInsertOp(Seed.Op(share, 1, "before"));
        using (transaction.BeginSavepoint()) transaction.TryInsertOp(Seed.Op(share, 2, "taken back"));
        using (ISavepoint kept = transaction.BeginSavepoint())
        {
            transaction.TryInsertOp(Seed.Op(share, 2, "kept"));
            kept.Keep();
        }

        using (transaction.BeginSavepoint()) transaction.TryInsertOp(Seed.Op(share, 3, "taken back"));
        transaction.Commit();

        using IReadSnapshot snapshot = Store.BeginRead();
        Assert.Equal(["before", "kept"], snapshot.ReadOps(share.Share, 0, 10, int.MaxValue).Select(op => op.OpId));
    }

    [Fact]
    public void The_chain_of_a_ref_goes_up_to_the_root()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        long root = transaction.InsertRef(Seed.Ref());
        (long share, long owner) = Seed.Share(transaction, root);
        long viewer = transaction.InsertRef(Seed.Ref(owner, share, Rights.Read));

        Assert.Equal([viewer, owner, root], transaction.ReadChain(viewer).Select(row => row.Key));
        Assert.Equal([root], transaction.ReadChain(root).Select(row => row.Key));
    }

    [Fact]
    public void A_ref_comes_back_as_it_was_stored_and_as_it_was_revoked()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        RefRow row = Seed.Ref() with { Caveats = new Caveats { ExpiresAtMs = 99 }, Label = null };
        long key = transaction.InsertRef(row);
        RefRow stored = transaction.FindRef(row.CapId)!;
        Assert.Equal(row with { Key = key, Verifier = stored.Verifier }, stored);
        Assert.Equal(row.Verifier, stored.Verifier);

        transaction.SetRevoked(key, 2, 5_000);

        RefRow revoked = transaction.FindRef(key)! with { Verifier = stored.Verifier };
        Assert.Equal(stored with { Epoch = 2, RevokedMs = 5_000 }, revoked);
        Assert.Null(transaction.FindRef("nobody"));
        Assert.Null(transaction.FindShare("none"));
    }
}
