using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Fold;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite.Checking;

namespace ShareRpc.Tests.Server.Fold;

public sealed class FolderTests
{
    private const int OpCount = 120;
    private static readonly string[] Keys = ["a", "b", "é", "\uE000", "\U0001F600"];
    private static readonly string[] AllKinds = ["message", "part"];
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task The_state_is_the_fold_of_the_whole_log_wherever_the_checkpoint_is(int seed)
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(protocolLimits: new ProtocolLimits { PageEntries = 4 });
        Authority owner = await rooms.CreateShareAsync();
        var folded = new Dictionary<(string Kind, string Key), Document>();
        uint dice = (uint)seed * 2_654_435_761;
        for (long cursor = 1; cursor <= OpCount; cursor++)
        {
            OpIntent op = Roll(ref dice, cursor);
            await rooms.AppendAsync(owner, op);
            Fold(folded, op, cursor);
            if (Next(ref dice, 10) == 0) await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
            if (Next(ref dice, 4) == 0) await AssertStateAsync(rooms, owner, folded, cursor,
                limit: 1 + Next(ref dice, 4));
        }

        await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        Assert.Equal(OpCount,
            (await (await rooms.Store.BeginReadAsync()).FindShareAsync(owner.Ref.ShareKey!.Value))!.Folded);
        await AssertStateAsync(rooms, owner, folded, OpCount, limit: 2);
    }

    [Fact]
    public async Task A_fold_that_did_not_commit_is_done_again_and_comes_to_the_same()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        long share = owner.Ref.ShareKey!.Value;
        for (int i = 0; i < 3; i++) await rooms.AppendAsync(owner, Text("k", "x"));
        rooms.Store.Break();
        await rooms.Folder.FoldShareAsync(share);
        Assert.Equal(0, (await (await rooms.Store.BeginReadAsync()).FindShareAsync(share))!.Folded);
        Assert.Equal("""{"text":"xxx"}""", (await StateAsync(rooms, owner)).Docs[0].Data.ToString());

        rooms.Store.Repair();
        await rooms.AppendAsync(owner, Text("k", "y"));
        await rooms.Folder.FoldShareAsync(share);
        await rooms.Folder.FoldShareAsync(share);

        Assert.Equal(4, (await (await rooms.Store.BeginReadAsync()).FindShareAsync(share))!.Folded);
        StoredDoc doc = (await (await rooms.Store.BeginReadAsync()).FindDocAsync(share, "part", "k"))!;
        Assert.Equal((4L, """{"text":"xxxy"}"""), (doc.Cursor, doc.Data!.Value.ToString()));
    }

    [Fact]
    public async Task Invariant_I9_a_document_grows_up_to_its_limit_across_folds_and_restarts()
    {
        var limits = new ProtocolLimits { OpBytes = 100, DocumentBytes = 100 };
        using ServerRooms rooms = await ServerRooms.OpenAsync(protocolLimits: limits);
        Authority owner = await rooms.CreateShareAsync();
        long share = owner.Ref.ShareKey!.Value;
        int one = Text("k", "x").Data!.Value.Utf8.Length;
        int fitting = limits.DocumentBytes / one;

        // As a restart does, a failed commit makes the commit loop load its shares again.
        async Task ForgetSharesAsync()
        {
            rooms.Store.Break();
            await Assert.ThrowsAsync<ShareRpcException>(() => rooms.AppendAsync(owner, ServerRooms.Put("lost")));
            rooms.Store.Repair();
        }

        async Task AssertFullAsync() =>
            Assert.Equal("too_large", (await rooms.AppendAsync(owner, Text("k", "x"))).Rejected.Single().Code);

        for (int i = 0; i < fitting; i++)
        {
            Assert.Empty((await rooms.AppendAsync(owner, Text("k", "x"))).Rejected);
            if (i == 0) await rooms.Folder.FoldShareAsync(share);
            if (i == 1) await ForgetSharesAsync();
        }

        await AssertFullAsync();
        await rooms.Folder.FoldShareAsync(share);
        await AssertFullAsync();
        await ForgetSharesAsync();
        await AssertFullAsync();
        Assert.Equal(fitting * one,
            (await (await rooms.Store.BeginReadAsync()).FindDocAsync(share, "part", "k"))!.Size);
        Assert.Equal($$"""{"text":"{{new string('x', fitting)}}"}""",
            (await StateAsync(rooms, owner)).Docs[0].Data.ToString());
    }

    [Fact]
    public async Task Two_folds_at_once_come_to_the_same()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        long share = owner.Ref.ShareKey!.Value;
        await rooms.AppendAsync(owner, [.. Enumerable.Range(0, 900).Select(_ => Text("k", "x"))]);
        await rooms.AppendAsync(owner, [.. Enumerable.Range(0, 900).Select(_ => Text("k", "y"))]);

        await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => Task.Run(() => rooms.Folder.FoldShareAsync(share), timeout)));

        await rooms.Folder.FoldShareAsync(share);
        Assert.Equal($$"""{"text":"{{new string('x', 900)}}{{new string('y', 900)}}"}""",
            (await StateAsync(rooms, owner)).Docs[0].Data.ToString());
        Assert.Equal(1_800, (await (await rooms.Store.BeginReadAsync()).FindShareAsync(share))!.Folded);
    }

    [Fact]
    public async Task Invariant_I9_a_fold_of_small_ops_on_large_documents_holds_no_more_of_them_than_a_transaction()
    {
        const int Docs = 12;
        const int Large = 1_000;
        using ServerRooms rooms = await ServerRooms.OpenAsync(new ServerLimits { TransactionBytes = 3 * Large });
        Authority owner = await rooms.CreateShareAsync();
        long share = owner.Ref.ShareKey!.Value;
        string large = new('x', Large);
        for (int i = 0; i < Docs; i++) await rooms.AppendAsync(owner, Text($"k{i:d2}", large));
        await rooms.Folder.FoldShareAsync(share);
        for (int i = 0; i < Docs; i++) await rooms.AppendAsync(owner, Text($"k{i:d2}", "y"), Text("k00", "z"));
        int before = rooms.Store.Commits;

        await rooms.Folder.FoldShareAsync(share);

        Assert.InRange(rooms.Store.Commits - before, Docs / 3, Docs);
        Assert.Equal(3 * Docs, (await (await rooms.Store.BeginReadAsync()).FindShareAsync(share))!.Folded);
        IReadOnlyList<Document> docs = (await StateAsync(rooms, owner)).Docs;
        Assert.Equal($$"""{"text":"{{large}}y{{new string('z', Docs)}}"}""", docs[0].Data.ToString());
        Assert.All(docs.Skip(1), doc => Assert.Equal($$"""{"text":"{{large}}y"}""", doc.Data.ToString()));
        Assert.Equal(Docs, docs.Count);
    }

    [Fact]
    public async Task A_fold_writes_a_document_that_was_put_many_times_once_and_in_small_steps()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(new ServerLimits { FoldSliceDocs = 2 });
        Authority owner = await rooms.CreateShareAsync();
        long share = owner.Ref.ShareKey!.Value;
        for (int i = 1; i <= 50; i++)
            await rooms.AppendAsync(owner, [.. Keys.Select(key => ServerRooms.Put(key, $$"""{"n":{{i}}}"""))]);
        int before = rooms.Store.Commits;

        await rooms.Folder.FoldShareAsync(share);

        Assert.Equal(1 + 3, rooms.Store.Commits - before); // the tail; five documents, two at a time
        Assert.Equal(250, (await (await rooms.Store.BeginReadAsync()).FindShareAsync(share))!.Folded);
        Assert.Equal(Keys.Length, (await StateAsync(rooms, owner)).Docs.Count);
        Assert.All((await StateAsync(rooms, owner)).Docs, doc => Assert.Equal("""{"n":50}""", doc.Data.ToString()));
    }

    [Fact]
    public async Task The_state_is_right_and_the_check_finds_nothing_wherever_a_fold_stops()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(new ServerLimits { FoldSliceDocs = 1 });
        Authority owner = await rooms.CreateShareAsync();
        long share = owner.Ref.ShareKey!.Value;
        await rooms.AppendAsync(owner,
            [ServerRooms.Put("a", """{"text":"old"}"""), ServerRooms.Put("gone", "{}"), Text("s", "1")]);
        await rooms.Folder.FoldShareAsync(share);
        await rooms.AppendAsync(
            owner,
            [
                Text("a", " lost"), Text("s", "2"), ServerRooms.Put("gone") with { Verb = Verbs.Remove, Data = null },
                Text("b", "x"),
                ServerRooms.Put("a", """{"text":"new"}"""), Text("gone", "back"), Text("s", "3"), Text("a", "er"),
                ServerRooms.Put("b") with { Verb = Verbs.Remove, Data = null },
                ServerRooms.Put("gone", """{"text":"again"}"""),
            ]);
        string expected = string.Join("\n", (await StateAsync(rooms, owner)).Docs.Select(Show));
        for (int steps = 0; ; steps++)
        {
            // The medium takes so many steps of the fold and no more.
            int left = steps;
            rooms.Store.BeforeCommit = () =>
            {
                if (left-- == 0) throw new StorageException(StorageFailure.Full, "full");
            };
            await rooms.Folder.FoldShareAsync(share);
            rooms.Store.Repair();
            Assert.Equal(expected, string.Join("\n", (await StateAsync(rooms, owner)).Docs.Select(Show)));
            Assert.Empty(DataCheck.Run(rooms.Path, null, timeout).Findings);
            if ((await (await rooms.Store.BeginReadAsync()).FindShareAsync(share))!.Folded == 13) return;
        }
    }

    [Fact]
    public async Task A_fold_does_not_wait_when_a_document_is_known_only_by_reading_many_ops()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(new ServerLimits { FoldDocumentOps = 10 });
        Authority owner = await rooms.CreateShareAsync();
        using var stopping = new CancellationTokenSource();
        Task folding = rooms.Folder.RunAsync(() => { }, stopping.Token);
        for (int i = 0; i < 10; i++) await rooms.AppendAsync(owner, Text("k", "x"));
        await FoldedAsync(rooms, owner, upTo: 10);
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => folding.WaitAsync(timeout));
    }

    [Fact]
    public async Task A_deleted_share_is_not_folded()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        await rooms.AppendAsync(owner, Text("k", "x"));
        await rooms.Admin.DeleteShareAsync(rooms.Root, new DeleteShareRequest { ShareId = owner.ShareId! });
        await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        Assert.Equal(0, (await (await rooms.Store.BeginReadAsync()).FindShareAsync(owner.Ref.ShareKey!.Value))!.Folded);
        Assert.Null(await (await rooms.Store.BeginReadAsync()).FindDocAsync(owner.Ref.ShareKey!.Value, "part", "k"));
    }

    [Fact]
    public async Task Unfolded_ops_are_folded_within_the_interval()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        using var stopping = new CancellationTokenSource();
        Task folding = rooms.Folder.RunAsync(() => { }, stopping.Token);
        await rooms.AppendAsync(owner, Text("k", "x"));
        rooms.Clock.Advance(rooms.Limits.FoldInterval);
        await FoldedAsync(rooms, owner, upTo: 1);
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => folding.WaitAsync(timeout));
    }

    [Fact]
    public async Task What_a_crash_left_unfolded_is_folded_once_somebody_reads_the_state()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        await rooms.AppendAsync(owner, Text("k", "x"));

        // These know of no commit, as after a start.
        var folder =
            new Folder(rooms.Store, rooms.Queue, rooms.Get<ServerOptions>(), rooms.Clock, NullLogger<Folder>.Instance);
        using var reads = new ShareReads(rooms.Store, folder, ProtocolLimits.Default, ServerLimits.Default,
            rooms.Get<MemoryBudget>(), rooms.Clock, rooms.Get<DrainSignal>());
        using var stopping = new CancellationTokenSource();
        Task folding = folder.RunAsync(() => { }, stopping.Token);
        Assert.Equal("k", Assert.Single((await reads.ReadStateAsync(owner, new GetStateRequest())).Docs).Key);
        rooms.Clock.Advance(rooms.Limits.FoldInterval);
        await FoldedAsync(rooms, owner, upTo: 1);
        Assert.Equal("k", Assert.Single((await reads.ReadStateAsync(owner, new GetStateRequest())).Docs).Key);
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => folding.WaitAsync(timeout));
    }

    /// <summary>Waits for a folder that runs beside the test.</summary>
    private async Task FoldedAsync(ServerRooms rooms, Authority owner, long upTo)
    {
        while (true)
        {
            timeout.ThrowIfCancellationRequested();
            await using (IReadSnapshot snapshot = await rooms.Store.BeginReadAsync())
            {
                if ((await snapshot.FindShareAsync(owner.Ref.ShareKey!.Value))!.Folded >= upTo) return;
            }

            await Task.Yield();
        }
    }

    private static async ValueTask AssertStateAsync(
        ServerRooms rooms, Authority owner, Dictionary<(string Kind, string Key), Document> folded, long head,
        int limit)
    {
        foreach (string[]? kinds in new[] { null, AllKinds, ["part"], ["message"] })
        {
            IEnumerable<Document> expected = from kind in kinds
                ?? AllKinds from key in Keys where folded.ContainsKey((kind, key)) select folded[(kind, key)];
            var seen = new List<Document>();
            DocKey? after = null;
            do
            {
                StatePage page = await rooms.Reads.ReadStateAsync(owner,
                    new GetStateRequest { Kinds = kinds, AfterKey = after, Limit = limit });
                Assert.Equal(head, page.Cursor);
                Assert.InRange(page.Docs.Count, page.NextKey is null ? 0 : 1, limit);
                seen.AddRange(page.Docs);
                after = page.NextKey;
            }
            while (after is not null);

            Assert.Equal(expected.Select(Show), seen.Select(Show));
        }
    }

    private static string Show(Document doc) =>
        string.Create(CultureInfo.InvariantCulture, $"{doc.Kind} {doc.Key} {doc.Cursor} {doc.Data}");

    private static ValueTask<StatePage> StateAsync(ServerRooms rooms, Authority owner) =>
        rooms.Reads.ReadStateAsync(owner, new GetStateRequest());

    private static OpIntent Text(string key, string text) =>
        ServerRooms.Put(key) with { Verb = Verbs.Append,
            Data = RawJson.Parse($$"""{"field":"text","text":"{{text}}"}""") };

    private static OpIntent Roll(ref uint dice, long n)
    {
        OpIntent op = ServerRooms.Put(
            Keys[Next(ref dice, Keys.Length)]) with { Kind = AllKinds[Next(ref dice, AllKinds.Length)] };
        return Next(ref dice, 5) switch
        {
            0 => op with { Verb = Verbs.Remove, Data = null },
            1 => op with { Data = RawJson.Parse($$"""{"n":{{n}},"text":"put "}""") },
            2 => op with { Data = RawJson.Parse($"[{n}]") },
            _ => op with { Verb = Verbs.Append, Data = RawJson.Parse($$"""{"field":"text","text":"{{n}} "}""") },
        };
    }

    private static void Fold(Dictionary<(string Kind, string Key), Document> folded, OpIntent op, long cursor)
    {
        RawJson? before = folded.TryGetValue((op.Kind, op.Key), out Document? doc) ? doc.Data : null;
        if (DocumentFold.Apply(before, op.Verb, op.Data) is { } data)
        {
            folded[(op.Kind, op.Key)] = new Document(op.Kind, op.Key, cursor, data);
        }
        else folded.Remove((op.Kind, op.Key));
    }

    /// <summary>A fixed sequence per seed (xorshift), so that a failure can be repeated.</summary>
    private static int Next(ref uint dice, int sides)
    {
        dice ^= dice << 13;
        dice ^= dice >> 17;
        dice ^= dice << 5;
        return (int)(dice % (uint)sides);
    }
}
