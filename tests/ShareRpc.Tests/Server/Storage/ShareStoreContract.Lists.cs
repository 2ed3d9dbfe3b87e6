using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage;

/// <summary>Documents, listings and erasing.</summary>
public abstract partial class ShareStoreContract
{
    // By UTF-8 bytes U+1F600 comes after U+E000; by UTF-16 units it would come before.
    private static readonly string[] KeysInOrder = ["A", "Z", "a", "a\u0020", "ab", "b", "é", "\uE000", "\U0001F600"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    public void Documents_come_in_order_of_kind_and_key_by_their_bytes(int limit)
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        (long share, _) = Seed.Share(transaction);
        (long other, _) = Seed.Share(transaction);
        foreach (string key in KeysInOrder.Reverse())
        {
            foreach (string kind in new[] { "part", "message", "part.x" }) transaction.WriteDoc(share, Seed.Doc(kind, key));
        }

        transaction.WriteDoc(other, Seed.Doc("part", "foreign"));

        Assert.Equal(
            new[] { "message", "part", "part.x" }.SelectMany(
                kind => KeysInOrder.Select(key => (kind, key))), Walk(transaction, share, null, limit));
        Assert.Equal(KeysInOrder.Select(key => ("part", key)), Walk(transaction, share, "part", limit));
    }

    [Fact]
    public void A_page_of_documents_ends_at_its_bytes_but_has_one_at_least()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        (long share, _) = Seed.Share(transaction);
        string data = $$"""{"t":"{{new string('x', 92)}}"}""";
        foreach (string key in new[] { "a", "b", "c" }) transaction.WriteDoc(share, Seed.Doc("part", key, data));

        Assert.Single(transaction.ReadDocs(share, null, null, 10, 1));
        Assert.Equal(2, transaction.ReadDocs(share, null, null, 10, 250).Count);
        Assert.Equal(3, transaction.ReadDocs(share, "part", null, 10, 300).Count);
    }

    [Fact]
    public void A_document_is_replaced_and_removed()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        (long share, _) = Seed.Share(transaction);
        transaction.WriteDoc(share, Seed.Doc("part", "k", """{"v":1}"""));
        transaction.WriteDoc(share, Seed.Doc("part", "k", """{"v":2}""", cursor: 5));
        StoredDoc doc = transaction.FindDoc(share, "part", "k")!;
        Assert.Equal((5L, """{"v":2}"""), (doc.Cursor, doc.Data!.Value.ToString()));

        transaction.WriteDoc(share, Seed.Doc("part", "k", data: null, cursor: 6));

        Assert.Null(transaction.FindDoc(share, "part", "k"));
        Assert.Empty(transaction.ReadDocs(share, null, null, 10, int.MaxValue));
    }

    [Fact]
    public void A_deleted_share_is_erased_step_by_step_and_no_other()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        (long Share, long Owner) share = Seed.Share(transaction);
        (long Share, long Owner) other = Seed.Share(transaction);
        foreach ((long Share, long Owner) each in new[] { share, other })
        {
            for (int i = 1; i <= 5; i++) transaction.TryInsertOp(Seed.Op(each, i, $"op{i}"));
            for (int i = 1; i <= 3; i++) transaction.WriteDoc(each.Share, Seed.Doc("part", $"k{i}"));
            for (int i = 1; i <= 3; i++) transaction.InsertRejection(each.Share, $"no{i}", Seed.Digest, null, null, ErrorCode.TooLarge, 0);
        }

        Assert.Null(transaction.FindUnerasedShare());
        transaction.SetShareState(share.Share, ShareState.Deleted);
        Assert.Equal(share.Share, transaction.FindUnerasedShare());

        Assert.False(transaction.EraseShare(share.Share, 2));
        Assert.Equal(3, transaction.ReadOps(share.Share, 0, 10, int.MaxValue).Count);
        int steps = 1;
        while (!transaction.EraseShare(share.Share, 2)) steps++;

        Assert.InRange(steps, 6, 8); // 5 ops, 3 documents and 3 records, two at a time
        Assert.Null(transaction.FindUnerasedShare());
        Assert.Empty(transaction.ReadOps(share.Share, 0, 10, int.MaxValue));
        Assert.Empty(transaction.ReadDocs(share.Share, null, null, 10, int.MaxValue));
        Assert.Null(transaction.FindOpRecord(share.Share, "no1"));
        Assert.Equal(5, transaction.ReadHead(other.Share));
        Assert.Equal(3, transaction.ReadDocs(other.Share, null, null, 10, int.MaxValue).Count);
        Assert.NotNull(transaction.FindOpRecord(other.Share, "no1"));
        Assert.Equal(ShareState.Deleted, transaction.FindShare(share.Share)!.State);
    }

    [Fact]
    public void Shares_are_listed_by_creator_page_by_page()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        long mine = transaction.InsertRef(Seed.Ref());
        long theirs = transaction.InsertRef(Seed.Ref());
        (long Share, long Owner)[] shares = [.. new[] { mine, theirs, mine }.Select(creator => Seed.Share(transaction, creator))];
        transaction.TryInsertOp(Seed.Op(shares[2], 1, "a"));

        Assert.Equal(shares.Select(share => share.Share), transaction.ReadShares(null, 0, 10).Select(row => row.Share.Key));
        IReadOnlyList<ShareListRow> first = transaction.ReadShares(mine, 0, 1);
        Assert.Equal((shares[0].Share, 0L, null), (first[0].Share.Key, first[0].Head, first[0].LastAppendMs));
        ShareListRow second = Assert.Single(transaction.ReadShares(mine, first[0].Share.Key, 10));
        Assert.Equal((shares[2].Share, 1L, 3_000L), (second.Share.Key, second.Head, second.LastAppendMs));
        Assert.Equal(transaction.FindRef(shares[2].Owner)!.CapId, second.OwnerCapId);
    }

    [Fact]
    public void Refs_are_listed_in_the_scope_that_is_asked_for()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        long root = transaction.InsertRef(Seed.Ref());
        long creator = transaction.InsertRef(Seed.Ref(root, rights: RightsNames.Creator));
        (long share, long owner) = Seed.Share(transaction, creator);
        long viewer = transaction.InsertRef(Seed.Ref(owner, share, Rights.Read));
        long deputy = transaction.InsertRef(Seed.Ref(creator, rights: RightsNames.Creator));
        long deputysDeputy = transaction.InsertRef(Seed.Ref(deputy, rights: RightsNames.Creator));
        (_, long otherOwner) = Seed.Share(transaction, root);
        (_, long deputysOwner) = Seed.Share(transaction, deputysDeputy);

        Assert.Equal([root, creator, owner, viewer, deputy, deputysDeputy, otherOwner, deputysOwner], Keys(default, 0, 10));
        Assert.Equal([owner, viewer], Keys(new RefScope(share, null), 0, 10));
        Assert.Equal([creator, owner, viewer, deputy, deputysDeputy, deputysOwner], Keys(new RefScope(null, creator), 0, 10));
        Assert.Equal([viewer, deputy], Keys(new RefScope(null, creator), owner, 2));

        IEnumerable<long> Keys(RefScope scope, long after, int limit) => transaction.ReadRefs(scope, after, limit).Select(row => row.Key);
    }

    [Fact]
    public void The_audit_is_listed_in_the_scope_that_is_asked_for()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        long root = transaction.InsertRef(Seed.Ref());
        long creator = transaction.InsertRef(Seed.Ref(root, rights: RightsNames.Creator));
        (long share, long owner) = Seed.Share(transaction, creator);
        transaction.InsertAudit(new AuditRow(1, "create_root", null, null, root));
        transaction.InsertAudit(new AuditRow(2, "attenuate", root, null, creator));
        transaction.InsertAudit(new AuditRow(3, "create_share", creator, share, owner));
        transaction.InsertAudit(new AuditRow(4, "attenuate", creator, null, null));

        AuditEntry[] all = [.. transaction.ReadAudit(default, 0, 10)];
        Assert.Equal([1L, 2L, 3L, 4L], all.Select(entry => entry.TimeMs));
        Assert.Equal((null, transaction.FindRef(root)!.CapId), (all[0].Actor, all[0].Subject));
        Assert.Equal([3L], transaction.ReadAudit(new RefScope(share, null), 0, 10).Select(entry => entry.TimeMs));
        Assert.Equal([3L, 4L], transaction.ReadAudit(new RefScope(null, creator), 0, 10).Select(entry => entry.TimeMs));
        Assert.Equal([3L], transaction.ReadAudit(default, all[1].Position, 1).Select(entry => entry.TimeMs));

        long guest = transaction.InsertRef(Seed.Ref(owner, share));
        transaction.InsertAudit(new AuditRow(5, "attenuate", owner, share, guest));
        transaction.InsertAudit(new AuditRow(6, "redeem", guest, share, null));
        transaction.InsertAudit(new AuditRow(7, "redeem", owner, share, null));
        Assert.Equal([5L, 6L], transaction.ReadAudit(new RefScope(share, guest), 0, 10).Select(entry => entry.TimeMs));
        Assert.Equal([6L], transaction.ReadAudit(new RefScope(share, guest), 0, 1, newestFirst: true).Select(entry => entry.TimeMs));
        Assert.Equal([3L, 5L, 6L, 7L], transaction.ReadAudit(new RefScope(share, owner), 0, 10).Select(entry => entry.TimeMs));
    }

    private static List<(string Kind, string Key)> Walk(IReadSnapshot snapshot, long share, string? kind, int limit)
    {
        var seen = new List<(string, string)>();
        DocKey? after = null;
        while (snapshot.ReadDocs(share, kind, after, limit, int.MaxValue) is { Count: > 0 } page)
        {
            Assert.InRange(page.Count, 1, limit);
            seen.AddRange(page.Select(doc => (doc.Kind, doc.Key)));
            after = new DocKey(page[^1].Kind, page[^1].Key);
        }

        return seen;
    }
}
