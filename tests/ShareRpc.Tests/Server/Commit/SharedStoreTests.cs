using Npgsql;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Cluster;
using ShareRpc.Server.Opencode;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Server.Storage.Postgres.Checking;
using ShareRpc.Server.Turns;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Commit;

/// <summary>Two servers on one PostgreSQL database, without what nodes tell each other.</summary>
[NeedsPostgres]
public sealed class SharedStoreTests : IAsyncLifetime
{
    private ServerRooms a = null!;
    private ServerRooms b = null!;
    private Authority writerA = null!;
    private Authority writerB = null!;
    private ShareToken token = null!;
    private Authority owner = null!;
    private string database = "";

    public async Task InitializeAsync()
    {
        if (TestPostgres.Programs is null) return;
        database = await TestPostgres.NewDatabaseAsync();
        a = await ServerRooms.OpenAsync(shared: await PostgresShareStore.OpenAsync(database));
        b = await ServerRooms.OpenAsync(shared: await PostgresShareStore.OpenAsync(database), other: a);
        owner = await a.CreateShareAsync();
        token = await a.AttenuateAsync(owner, Rights.Read | Rights.Append);
        (writerA, writerB) = (await a.RedeemAsync(token), await b.RedeemAsync(token));
    }

    public Task DisposeAsync()
    {
        a?.Dispose();
        b?.Dispose();
        return Task.CompletedTask;
    }

    [StoreFact]
    public async Task Invariant_I1_appends_of_two_nodes_to_one_share_have_gapless_cursors_and_each_op_is_there_once()
    {
        const int Ops = 60;
        Task<Ack>[] acks =
        [
            .. Enumerable.Range(0, Ops).SelectMany(i => (Task<Ack>[])
                [a.AppendAsync(writerA, ServerRooms.Put($"a{i}")), b.AppendAsync(writerB, ServerRooms.Put($"b{i}"))]),
        ];
        Dictionary<string, long> applied = (await Task.WhenAll(acks)).SelectMany(ack => ack.Applied)
            .ToDictionary(op => op.OpId, op => op.Cursor);
        IReadOnlyList<LoggedOp> log = await LogAsync();
        Assert.Equal(Enumerable.Range(1, 2 * Ops).Select(i => (long)i), log.Select(op => op.Cursor));
        Assert.Equal(applied, log.ToDictionary(op => op.OpId, op => op.Cursor));
    }

    [StoreFact]
    public async Task Invariant_I2_an_op_that_one_node_has_applied_is_a_duplicate_at_another()
    {
        OpIntent op = ServerRooms.Put("k", "{}", OpId.New());
        await b.AppendAsync(writerB, ServerRooms.Put("before"));
        long cursor = Assert.Single((await a.AppendAsync(writerA, op)).Applied).Cursor;
        Assert.Equal(cursor, Assert.Single((await b.AppendAsync(writerB, op)).Duplicates).Cursor);
        Assert.Equal(cursor, Assert.Single((await a.AppendAsync(writerA, op)).Duplicates).Cursor);
        Assert.Equal(2, (await LogAsync()).Count);
    }

    [StoreFact]
    public async Task A_writer_goes_on_at_another_node_and_a_resend_there_has_the_same_answer()
    {
        string writer = RandomId.New();
        Ack first = await SendAsync(a, writerA, writer, 1, "x1", "x2");
        await SendAsync(b, writerB, writer, 3, "x3");
        Ack again = await SendAsync(b, writerB, writer, 1, "x1", "x2");
        Assert.Equal(first.Applied, again.Duplicates);
        await SendAsync(a, writerA, writer, 4, "x4");
        ShareRpcException gap = await Assert.ThrowsAsync<ShareRpcException>(
            () => SendAsync(b, writerB, writer, 6, "x6"));
        Assert.Equal((ErrorCode.SequenceGap, 4L), (gap.Code, gap.AckedSeq));
    }

    [StoreFact]
    public async Task Invariant_I7_what_is_revoked_at_one_node_appends_at_no_other()
    {
        await b.AppendAsync(writerB, ServerRooms.Put("before"));
        await a.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = token.CapId });
        ShareRpcException refusal = await Assert.ThrowsAsync<ShareRpcException>(
            () => b.AppendAsync(writerB, ServerRooms.Put("after")));
        Assert.Equal(ErrorCode.CapabilityRevoked, refusal.Code);
        Assert.Single(await LogAsync());
    }

    [StoreFact]
    public async Task Invariant_I7_no_append_comes_after_a_revocation_that_another_node_has_answered()
    {
        using var stop = new CancellationTokenSource();
        Task<ErrorCode> appending = Task.Run(async () =>
        {
            for (int i = 0; ; i++)
            {
                try
                {
                    await b.AppendAsync(writerB, ServerRooms.Put($"k{i}"));
                }
                catch (ShareRpcException refusal)
                {
                    return refusal.Code;
                }
            }
        });
        while ((await LogAsync()).Count < 20) await Task.Yield();
        await a.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = token.CapId });
        int count = (await LogAsync()).Count;
        Assert.Equal(ErrorCode.CapabilityRevoked, await appending.WaitAsync(TimeSpan.FromMinutes(3)));
        Assert.Equal(count, (await LogAsync()).Count);
    }

    [StoreFact]
    public async Task A_link_for_one_use_is_used_once_though_two_nodes_are_asked()
    {
        ShareToken link = await a.AttenuateAsync(owner, Rights.Read, new Caveats { MaxUses = 1 });
        ErrorCode?[] outcomes = await Task.WhenAll(UseAsync(a, link), UseAsync(b, link), UseAsync(a, link));
        Assert.Equal(2, outcomes.Count(code => code == ErrorCode.CapabilityUsedUp));
    }

    [StoreFact]
    public async Task A_session_that_two_nodes_share_at_once_has_one_share()
    {
        Authority creatorB = await b.RedeemAsync(a.RootToken, ofShare: false);
        SharedSession[] shared = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => i % 2 == 0
            ? a.Get<OpencodeShares>().ShareAsync(a.Root, "ses_1", isOpen: false)
            : b.Get<OpencodeShares>().ShareAsync(creatorB, "ses_1", isOpen: false)));
        Assert.Single(shared.Select(session => session.ShareId).Distinct());
    }

    [StoreFact]
    public async Task A_fold_of_one_node_is_met_by_the_tail_of_another()
    {
        for (int i = 0; i < 5; i++) await b.AppendAsync(writerB, ServerRooms.Put($"k{i}"));
        await a.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        await b.AppendAsync(writerB, ServerRooms.Put("k0", """{"text":"a"}"""), new OpIntent
        {
            OpId = OpId.New(), Verb = Verbs.Append, Kind = Kinds.Part, Key = "k0",
            Data = RawJson.Parse("""{"field":"text","text":"b"}"""),
        });
        await b.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        await using IReadSnapshot snapshot = await a.Store.BeginReadAsync();
        StoredDoc? document = await snapshot.FindDocAsync(owner.Ref.ShareKey!.Value, Kinds.Part, "k0");
        Assert.Equal("""{"text":"ab"}""", document!.Data!.Value.ToString());
        Assert.Equal(7, (await snapshot.FindShareAsync(owner.Ref.ShareKey!.Value))!.Folded);
    }

    [StoreFact]
    public async Task A_check_finds_nothing_in_what_nodes_wrote_and_names_what_was_changed_behind_their_backs()
    {
        string writer = RandomId.New();
        for (int i = 0; i < 3; i++)
        {
            await SendAsync(a, writerA, writer, (2 * i) + 1, $"x{i}", $"y{i}");
            await b.AppendAsync(writerB, ServerRooms.Put($"k{i}"));
        }

        await a.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        await a.Sealer.SealAsync();
        var keys = new AuditKeys(a.Tokens.Keys.Select(key => key.Bytes));
        CheckReport sound = await PostgresCheck.RunAsync(database, keys, CancellationToken.None);
        Assert.Empty(sound.Findings);
        Assert.Equal((1L, 9L, 1L), (sound.Shares, sound.Ops, sound.Writers));

        var others = new AuditKeys([new byte[32]]);
        Assert.Contains(
            (await PostgresCheck.RunAsync(database, others, CancellationToken.None)).Findings,
            finding => finding.Rule == "audit");

        await using (var source = NpgsqlDataSource.Create(database))
        {
            await using NpgsqlCommand damage = source.CreateCommand(
                "DELETE FROM op WHERE cursor = 4; UPDATE audit SET action = 'x' WHERE position = 2; "
                + "UPDATE doc SET data = '{}x' WHERE key = 'k1'");
            await damage.ExecuteNonQueryAsync();
        }

        CheckReport damaged = await PostgresCheck.RunAsync(database, keys, CancellationToken.None);
        Assert.Equal(["I1", "I2", "audit", "fold"],
            damaged.Findings.Select(finding => finding.Rule).Distinct().Order(StringComparer.Ordinal));
    }

    [StoreFact]
    public async Task Invariant_I2_a_resend_without_a_writer_is_a_duplicate_whatever_its_first_try_used_up()
    {
        var batch = new OpBatch { BatchId = "b", Ops = [ServerRooms.Put("k", "{}", OpId.New())], ExpectedCursor = 0 };
        long cursor = Assert.Single((await a.Log.AppendAsync(writerA, null, batch)).Applied).Cursor;
        Assert.Equal(cursor, Assert.Single((await a.Log.AppendAsync(writerA, null, batch)).Duplicates).Cursor);
        Assert.Equal(cursor, Assert.Single((await b.Log.AppendAsync(writerB, null, batch)).Duplicates).Cursor);
    }

    [StoreFact]
    public async Task A_turn_whose_writer_is_connected_to_one_node_is_ended_by_no_other()
    {
        string writer = RandomId.New();
        OpIntent turn = ServerRooms.Put("t", """{"state":"streaming"}""") with { Kind = Kinds.Turn, Seq = 1 };
        await b.Log.AppendAsync(writerB, writer, new OpBatch { BatchId = "b", Ops = [turn] });
        b.Get<LiveWriters>().Add(owner.Ref.ShareKey!.Value, writer);
        await using PostgresDatabase nodes = PostgresDatabase.Open(database);
        await using var table = new NodeTable(nodes);
        var presence = new WriterPresence(
            table, b.Get<LiveWriters>(), ServerLimits.Default, new ClusterClock(TimeProvider.System));
        TimeSpan almost = ServerLimits.Default.TurnLease - TimeSpan.FromSeconds(1);

        await a.Sweeper.SweepAsync();
        for (int i = 0; i < 2; i++)
        {
            a.Clock.Advance(almost);
            await presence.TellAsync(CancellationToken.None);
            await a.Sweeper.SweepAsync();
        }

        Assert.Single(await LogAsync());
        a.Clock.Advance(almost + TimeSpan.FromSeconds(2));
        await a.Sweeper.SweepAsync();
        Assert.Equal(2, (await LogAsync()).Count);
    }

    private static Task<Ack> SendAsync(
        ServerRooms rooms, Authority authority, string writer, long seq, params string[] ids) =>
        rooms.Log.AppendAsync(authority, writer, new OpBatch
        {
            BatchId = "b",
            Ops = [.. ids.Select((id, i) => ServerRooms.Put(id, opId: id) with { Seq = seq + i })],
        });

    private static async Task<ErrorCode?> UseAsync(ServerRooms rooms, ShareToken link)
    {
        try
        {
            await rooms.RedeemAsync(link);
            return null;
        }
        catch (ShareRpcException refusal)
        {
            return refusal.Code;
        }
    }

    private async Task<IReadOnlyList<LoggedOp>> LogAsync()
    {
        await using IReadSnapshot snapshot = await a.Store.BeginReadAsync();
        return await snapshot.ReadOpsAsync(owner.Ref.ShareKey!.Value, 0, 10_000, int.MaxValue);
    }
}
