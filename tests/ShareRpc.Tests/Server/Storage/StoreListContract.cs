using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Storage;

/// <summary>Documents, listings and erasing.</summary>
public abstract class StoreListContract : StoreSessionContract
{
    // By UTF-8 bytes U+1F600 comes after U+E000; by UTF-16 units it would come before.
    private static readonly string[] KeysInOrder = ["A", "Z", "a", "a\u0020", "ab", "b", "é", "\uE000", "\U0001F600"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    public async Task Documents_come_in_order_of_kind_and_key_by_their_bytes(int limit)
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        (long share, _) = await Seed.ShareAsync(transaction);
        (long other, _) = await Seed.ShareAsync(transaction);
        foreach (string key in KeysInOrder.Reverse())
        {
            foreach (string kind in new[] { "part", "message", "part.x" })
                transaction.WriteDoc(share, Seed.Doc(kind, key));
        }

        transaction.WriteDoc(other, Seed.Doc("part", "foreign"));

        Assert.Equal(
            new[] { "message", "part", "part.x" }.SelectMany(
                kind => KeysInOrder.Select(key => (kind, key))), await WalkAsync(transaction, share, null, limit));
        Assert.Equal(KeysInOrder.Select(key => ("part", key)), await WalkAsync(transaction, share, "part", limit));
    }

    [StoreFact]
    public async Task A_document_that_points_to_its_put_reads_as_the_put_and_keeps_its_data()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        (long Share, long Owner) share = await Seed.ShareAsync(transaction);
        for (int i = 1; i <= 3; i++)
            await transaction.TryInsertOpAsync(Seed.Op(share, i, $"op{i}", "k", data: $$"""{"v":{{i}}}"""));
        transaction.WriteDocs(share.Share,
        [
            new(Kinds.Part, "k", 2, null, IsRemoved: false, 7, ContentClass.Plain),
            new(Kinds.Part, "l", 3, RawJson.Parse("""{"joined":1}"""), IsRemoved: false, 9, ContentClass.Tool),
        ]);

        StoredDoc doc = (await transaction.FindDocAsync(share.Share, Kinds.Part, "k"))!;
        Assert.Equal((2L, """{"v":2}""", 7L), (doc.Cursor, doc.Data!.Value.ToString(), doc.Size));
        Assert.Equal(new DocumentMeasure(7, ContentClass.Plain, 2),
            await transaction.ReadDocMeasureAsync(share.Share, Kinds.Part, "k"));
        Assert.Equal(["""{"v":2}""", """{"joined":1}"""],
            (await transaction.ReadDocsAsync(share.Share, null, null, 9, int.MaxValue)).Select(
                one => one.Data!.Value.ToString()));
        Assert.Equal(1, await transaction.DropDataAsync(share.Share, 1, 2));
        Assert.NotNull((await transaction.ReadOpContentAsync(share.Share, 2)).Data);
        transaction.WriteDocs(share.Share, [new(Kinds.Part, "k", 3, null, IsRemoved: true, 0, ContentClass.Absent)]);
        Assert.Null(await transaction.FindDocAsync(share.Share, Kinds.Part, "k"));
        Assert.Equal(2, await transaction.DropDataAsync(share.Share, 1, 2));
    }

    [StoreFact]
    public async Task A_page_of_documents_ends_at_its_bytes_but_has_one_at_least()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        (long share, _) = await Seed.ShareAsync(transaction);
        string data = $$"""{"t":"{{new string('x', 92)}}"}""";
        foreach (string key in new[] { "a", "b", "c" }) transaction.WriteDoc(share, Seed.Doc("part", key, data));

        Assert.Single(await transaction.ReadDocsAsync(share, null, null, 10, 1));
        Assert.Equal(2, (await transaction.ReadDocsAsync(share, null, null, 10, 250)).Count);
        Assert.Equal(3, (await transaction.ReadDocsAsync(share, "part", null, 10, 300)).Count);
        Assert.Equal(2, (await transaction.ReadDocKeysAsync(share, "part", 2)).Count);
        Assert.Empty(await transaction.ReadDocKeysAsync(share, "comment", 2));
    }

    [StoreFact]
    public async Task A_document_is_replaced_and_removed()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        (long share, _) = await Seed.ShareAsync(transaction);
        transaction.WriteDoc(share, Seed.Doc("part", "k", """{"v":1}"""));
        transaction.WriteDoc(share, Seed.Doc("part", "k", """{"v":2}""", cursor: 5));
        StoredDoc doc = (await transaction.FindDocAsync(share, "part", "k"))!;
        Assert.Equal((5L, """{"v":2}"""), (doc.Cursor, doc.Data!.Value.ToString()));

        transaction.WriteDoc(share, Seed.Doc("part", "k", data: null, cursor: 6));

        Assert.Null(await transaction.FindDocAsync(share, "part", "k"));
        Assert.Empty(await transaction.ReadDocsAsync(share, null, null, 10, int.MaxValue));
    }

    [StoreFact]
    public async Task A_deleted_share_is_erased_step_by_step_and_no_other()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        (long Share, long Owner) share = await Seed.ShareAsync(transaction);
        (long Share, long Owner) other = await Seed.ShareAsync(transaction);
        foreach ((long Share, long Owner) each in new[] { share, other })
        {
            for (int i = 1; i <= 5; i++) await transaction.TryInsertOpAsync(Seed.Op(each, i, $"op{i}"));
            for (int i = 1; i <= 3; i++) transaction.WriteDoc(each.Share, Seed.Doc("part", $"k{i}"));
            for (int i = 1; i <= 3; i++)
                transaction.InsertRejection(each.Share, $"no{i}", Seed.Digest, null, null, ErrorCode.TooLarge, 0);
        }

        Assert.Null(await transaction.FindUnerasedShareAsync());
        transaction.SetShareState(share.Share, ShareState.Deleted);
        Assert.Equal(share.Share, await transaction.FindUnerasedShareAsync());

        Assert.False(await transaction.EraseShareAsync(share.Share, 2, 1_000));
        Assert.Equal(3, (await transaction.ReadOpsAsync(share.Share, 0, 10, int.MaxValue)).Count);
        int steps = 1;
        while (!await transaction.EraseShareAsync(share.Share, 2, 1_000)) steps++;

        Assert.InRange(steps, 6, 8); // 5 ops, 3 documents and 3 records, two at a time
        Assert.Equal(share.Share, await transaction.FindUnerasedShareAsync());
        transaction.SetErased(share.Share);
        Assert.Null(await transaction.FindUnerasedShareAsync());
        Assert.Empty(await transaction.ReadOpsAsync(share.Share, 0, 10, int.MaxValue));
        Assert.Empty(await transaction.ReadDocsAsync(share.Share, null, null, 10, int.MaxValue));
        Assert.Null(await transaction.FindOpRecordAsync(share.Share, "no1"));
        Assert.Equal(5, await transaction.ReadHeadAsync(other.Share));
        Assert.Equal(3, (await transaction.ReadDocsAsync(other.Share, null, null, 10, int.MaxValue)).Count);
        Assert.NotNull(await transaction.FindOpRecordAsync(other.Share, "no1"));
        Assert.Equal(ShareState.Deleted, (await transaction.FindShareAsync(share.Share))!.State);
    }

    [StoreFact]
    public async Task Shares_are_listed_by_creator_page_by_page()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        long mine = await transaction.InsertRefAsync(Seed.Ref());
        long theirs = await transaction.InsertRefAsync(Seed.Ref());
        var shares = new List<(long Share, long Owner)>();
        foreach (long creator in new[] { mine, theirs, mine }) shares.Add(await Seed.ShareAsync(transaction, creator));
        await transaction.TryInsertOpAsync(Seed.Op(shares[2], 1, "a"));
        foreach ((int at, long cursor) in new[] { (1, 1L), (2, 2L) })
        {
            await transaction.TryInsertOpAsync(
                Seed.Op(shares[at], cursor, $"c{at}", "part/k/c") with { Kind = Kinds.Comment, TimeMs = 9_000 });
        }

        Assert.Equal(shares.Select(share => share.Share),
            (await transaction.ReadSharesAsync(null, 0, 10)).Select(row => row.Share.Key));
        IReadOnlyList<ShareListRow> first = await transaction.ReadSharesAsync(mine, 0, 1);
        Assert.Equal((shares[0].Share, 0L, null), (first[0].Share.Key, first[0].Head, first[0].LastAppendMs));
        ShareListRow second = Assert.Single(await transaction.ReadSharesAsync(mine, first[0].Share.Key, 10));
        Assert.Equal((shares[2].Share, 2L, 3_000L), (second.Share.Key, second.Head, second.LastAppendMs));
        Assert.Equal(3_000, await transaction.ReadAppendedMsAsync(shares[2].Share));
        Assert.Equal(0, await transaction.ReadAppendedMsAsync(shares[1].Share));
        Assert.Equal((await transaction.FindRefAsync(shares[2].Owner))!.CapId, second.OwnerCapId);
        Assert.Equal([shares[2].Share, shares[0].Share],
            (await transaction.ReadNewestSharesAsync(mine, long.MaxValue, 10)).Select(share => share.Key));
        Assert.Equal([shares[0].Share],
            (await transaction.ReadNewestSharesAsync(mine, shares[2].Share, 1)).Select(share => share.Key));
    }

    [StoreFact]
    public async Task Refs_are_listed_in_the_scope_that_is_asked_for()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        long root = await transaction.InsertRefAsync(Seed.Ref());
        long creator = await transaction.InsertRefAsync(Seed.Ref(root, rights: RightsNames.Creator));
        (long share, long owner) = await Seed.ShareAsync(transaction, creator);
        long viewer = await transaction.InsertRefAsync(Seed.Ref(owner, share, Rights.Read));
        long deputy = await transaction.InsertRefAsync(Seed.Ref(creator, rights: RightsNames.Creator));
        long deputysDeputy = await transaction.InsertRefAsync(Seed.Ref(deputy, rights: RightsNames.Creator));
        (_, long otherOwner) = await Seed.ShareAsync(transaction, root);
        (_, long deputysOwner) = await Seed.ShareAsync(transaction, deputysDeputy);

        Assert.Equal([root, creator, owner, viewer, deputy, deputysDeputy, otherOwner, deputysOwner],
            await KeysAsync(default, 0, 10));
        Assert.Equal([owner, viewer], await KeysAsync(new RefScope(share, null), 0, 10));
        Assert.Equal([creator, owner, viewer, deputy, deputysDeputy, deputysOwner],
            await KeysAsync(new RefScope(null, creator), 0, 10));
        Assert.Equal([viewer, deputy], await KeysAsync(new RefScope(null, creator), owner, 2));

        async ValueTask<IEnumerable<long>> KeysAsync(RefScope scope, long after, int limit) =>
            (await transaction.ReadRefsAsync(scope, after, limit)).Select(row => row.Key);
    }

    [StoreFact]
    public async Task The_audit_is_listed_in_the_scope_that_is_asked_for()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        long root = await transaction.InsertRefAsync(Seed.Ref());
        long creator = await transaction.InsertRefAsync(Seed.Ref(root, rights: RightsNames.Creator));
        (long share, long owner) = await Seed.ShareAsync(transaction, creator);
        transaction.InsertAudit(new AuditRow(1, "create_root", null, null, root));
        transaction.InsertAudit(new AuditRow(2, "attenuate", root, null, creator));
        transaction.InsertAudit(new AuditRow(3, "create_share", creator, share, owner));
        transaction.InsertAudit(new AuditRow(4, "attenuate", creator, null, null));

        AuditEntry[] all = [.. (await transaction.ReadAuditAsync(default, 0, 10)).Entries];
        Assert.Equal([1L, 2L, 3L, 4L], all.Select(entry => entry.TimeMs));
        Assert.Equal((null, (await transaction.FindRefAsync(root))!.CapId), (all[0].Actor, all[0].Subject));
        Assert.Equal([3L], await TimesAsync(new RefScope(share, null)));
        Assert.Equal([3L, 4L], await TimesAsync(new RefScope(null, creator)));
        Assert.Equal([3L], Times(await transaction.ReadAuditAsync(default, all[1].Position, 1)));

        long guest = await transaction.InsertRefAsync(Seed.Ref(owner, share));
        transaction.InsertAudit(new AuditRow(5, "attenuate", owner, share, guest));
        transaction.InsertAudit(new AuditRow(6, "redeem", guest, share, null));
        transaction.InsertAudit(new AuditRow(7, "redeem", owner, share, null));
        Assert.Equal([5L, 6L], await TimesAsync(new RefScope(share, guest)));
        Assert.Equal([6L],
            Times(await transaction.ReadAuditAsync(new RefScope(share, guest), 0, 1, newestFirst: true)));
        Assert.Equal([3L, 5L, 6L, 7L], await TimesAsync(new RefScope(share, owner)));

        async ValueTask<IEnumerable<long>> TimesAsync(RefScope scope) =>
            Times(await transaction.ReadAuditAsync(scope, 0, 10));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 100)]
    [InlineData(true, 100)]
    public async Task The_audit_is_filtered_by_each_field_and_by_all_together(bool newestFirst, int limit)
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        long root = await transaction.InsertRefAsync(Seed.Ref());
        var shares = new List<(long Share, long Owner)>();
        for (int i = 0; i < 2; i++) shares.Add(await Seed.ShareAsync(transaction, root));
        (long one, long owner) = shares[0];
        string[] capIds =
            [(await transaction.FindRefAsync(owner))!.CapId, (await transaction.FindRefAsync(root))!.CapId];
        AuditRow[] rows =
        [
            new(1_000, "create_share", root, one, owner), new(2_000, "redeem", owner, one, null, "192.0.2.1", null, 3),
            // A sum of an earlier minute.
            new(1_500, "refused", owner, one, null, "192.0.2.1", ErrorCode.CapabilityRevoked, 1),
            new(3_000, "refused", null, null, null, "192.0.2.2", ErrorCode.InvalidToken, 9),
            new(3_000, "revoke", owner, one, owner), new(4_000, "revoke", root, shares[1].Share, shares[1].Owner),
        ];
        foreach (AuditRow row in rows) transaction.InsertAudit(row);

        await FindsAsync([0, 1, 2, 4], new AuditFilter(CapId: capIds[0]));
        await FindsAsync([0, 5], new AuditFilter(CapId: capIds[1]));
        await FindsAsync([], new AuditFilter(CapId: Seed.Ref().CapId));
        await FindsAsync([2, 3], new AuditFilter(Action: "refused"));
        await FindsAsync([1, 2], new AuditFilter(Address: "192.0.2.1"));
        await FindsAsync([3], new AuditFilter(Code: ErrorCode.InvalidToken));
        await FindsAsync([1, 2, 3, 4, 5], new AuditFilter(SinceMs: 1_001));
        await FindsAsync([0, 2], new AuditFilter(UntilMs: 2_000));
        await FindsAsync([1, 2, 3, 4], new AuditFilter(SinceMs: 1_500, UntilMs: 4_000));
        await FindsAsync([], new AuditFilter(SinceMs: 4_001));
        await FindsAsync([], new AuditFilter(UntilMs: 1_000));
        await FindsAsync([4], new AuditFilter(CapId: capIds[0], Action: "revoke", SinceMs: 3_000));
        await FindsAsync(
            [2], new AuditFilter(capIds[0], "refused", "192.0.2.1", ErrorCode.CapabilityRevoked, 0, 9_000));
        await FindsAsync([0, 1, 2, 4], new AuditFilter(capIds[0], Examined: 1), new RefScope(one, null));
        await FindsAsync([5], new AuditFilter(Action: "revoke", Examined: 1), new RefScope(shares[1].Share, null));

        async Task FindsAsync(int[] expected, AuditFilter filter, RefScope scope = default)
        {
            var found = new List<AuditEntry>();
            AuditRows? page = null;
            for (long after = 0; page is null || page.Next is not null; after = page.Next ?? 0)
            {
                page = await transaction.ReadAuditAsync(scope, after, limit, newestFirst, filter);
                Assert.InRange(page.Entries.Count, 0, limit);
                found.AddRange(page.Entries);
            }

            IEnumerable<AuditRow> wanted = expected.Select(index => rows[index]);
            Assert.Equal((newestFirst ? wanted.Reverse() : wanted).Select(row => (row.TimeMs, row.Action, row.Address)),
                found.Select(entry => (entry.TimeMs, entry.Action, entry.Address)));
        }
    }

    private static IEnumerable<long> Times(AuditRows page) => page.Entries.Select(entry => entry.TimeMs);

    private static async ValueTask<List<(string Kind, string Key)>> WalkAsync(IReadSnapshot snapshot, long share,
        string? kind, int limit)
    {
        var seen = new List<(string, string)>();
        DocKey? after = null;
        while (await snapshot.ReadDocsAsync(share, kind, after, limit, int.MaxValue) is { Count: > 0 } page)
        {
            Assert.InRange(page.Count, 1, limit);
            seen.AddRange(page.Select(doc => (doc.Kind, doc.Key)));
            after = new DocKey(page[^1].Kind, page[^1].Key);
        }

        return seen;
    }
}
