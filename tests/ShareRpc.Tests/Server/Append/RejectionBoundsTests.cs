using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Append;

/// <summary>What a ref leaves behind a day without an op being applied is bounded, whatever it sends.</summary>
public sealed class RejectionBoundsTests
{
    private const int Most = 4;
    private static readonly ServerLimits Limits = new()
    {
        RejectionsPerDay = Most, DuplicatesPerDay = Most, RateLimitedDelay = TimeSpan.Zero,
    };

    private int seq;

    public static TheoryData<string> Kinds => ["malformed", "reused", "quota", "atomic", "duplicate", "unchanged"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_ref_leaves_no_more_rows_a_day_than_its_bound_whatever_it_sends(string kind)
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(Limits); // its clock starts at midnight, UTC
        Authority owner = await rooms.CreateShareAsync();
        Authority guest = await GuestAsync(rooms, owner);
        string writer = RandomId.New();
        await SendAsync(rooms, guest, writer, ServerRooms.Put("k", """{"v":1}""", "known"));
        long before = await RowsAsync(rooms, owner);

        int answered = 0;
        ShareRpcException? refused = null;
        for (int i = 0; i <= Most && refused is null; i++)
        {
            refused = await Record.ExceptionAsync(() => SendAsync(rooms, guest, writer, Ops(kind)))
                as ShareRpcException;
            if (refused is null) answered += Ops(kind).Length;
        }

        Assert.NotNull(refused);
        Assert.Equal((ErrorCode.RejectionsExceeded, true, ErrorAction.Retry),
            (refused.Code, refused.IsTransient, refused.Action));
        Assert.Equal(TimeSpan.FromDays(1), refused.RetryAfter);
        Assert.Equal((Most, Most), (answered, await RowsAsync(rooms, owner) - before));
        seq -= Ops(kind).Length;

        // Nothing was consumed; on the next day the same batch is taken.
        rooms.Clock.Advance(TimeSpan.FromDays(1));
        Ack ack = await SendAsync(rooms, guest, writer, Ops(kind));
        Assert.Equal(kind == "quota" ? 1 : 0, ack.Applied.Count);
        Assert.Equal(Most + Ops(kind).Length - ack.Applied.Count, await RowsAsync(rooms, owner) - before);
    }

    [Fact]
    public async Task A_batch_beyond_the_bound_leaves_nothing_and_goes_through_without_what_is_too_much()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(Limits);
        Authority owner = await rooms.CreateShareAsync();
        Authority guest = await GuestAsync(rooms, owner, quota: null);
        string writer = RandomId.New();
        await SendAsync(rooms, guest, writer, [.. Enumerable.Repeat(0, Most).Select(_ => Bad())]);

        foreach (string newcomer in new[] { writer, RandomId.New(), RandomId.New() })
        {
            seq = newcomer == writer ? Most : 0;
            Assert.Equal(ErrorCode.RejectionsExceeded, (await Assert.ThrowsAsync<ShareRpcException>(
                () => SendAsync(rooms, guest, newcomer, ServerRooms.Put("k"), Bad()))).Code);
            await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
            Assert.Equal(0, await snapshot.ReadHeadAsync(owner.Ref.ShareKey!.Value));
            Assert.Equal(newcomer == writer,
                await snapshot.FindWriterAsync(owner.Ref.ShareKey!.Value, newcomer) is not null);
        }

        seq = Most;
        Assert.Equal(1, (await SendAsync(rooms, guest, writer, ServerRooms.Put("k"))).Applied.Single().Cursor);
        rooms.Store.Break();
        await Assert.ThrowsAsync<ShareRpcException>(() => SendAsync(rooms, guest, writer, Bad()));
        rooms.Store.Repair();
        seq = Most + 1;
        Assert.Equal(2, (await SendAsync(rooms, guest, writer, ServerRooms.Put("l"))).Applied.Single().Cursor);
    }

    [Fact]
    public async Task Grants_and_children_count_at_their_link_and_nobody_counts_at_the_owner()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(Limits);
        Authority owner = await rooms.CreateShareAsync();
        ShareToken link = await rooms.AttenuateAsync(
            owner, Rights.Append | Rights.Attenuate, new Caveats { MaxUses = 100 });
        Authority first = await rooms.RedeemAsync(link, grant: ShareToken.New(RandomId.New()));
        Authority second = await rooms.RedeemAsync(link, grant: ShareToken.New(RandomId.New()));
        Authority child = await rooms.RedeemAsync(await rooms.AttenuateAsync(second, Rights.Append));
        Authority other = await GuestAsync(rooms, owner);

        await RejectAsync(rooms, first, Most - 1);
        await RejectAsync(rooms, child, 1);
        foreach (Authority spent in new[] { first, second, child })
        {
            Assert.Equal(ErrorCode.RejectionsExceeded,
                (await Assert.ThrowsAsync<ShareRpcException>(() => RejectAsync(rooms, spent, 1))).Code);
        }

        await RejectAsync(rooms, other, Most);
        await RejectAsync(rooms, owner, Most);
        await Assert.ThrowsAsync<ShareRpcException>(() => RejectAsync(rooms, owner, 1));
    }

    [Fact]
    public async Task Without_a_writer_rejections_leave_no_row_and_duplicates_count()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(Limits);
        Authority owner = await rooms.CreateShareAsync();
        await rooms.AppendAsync(owner, ServerRooms.Put("k"));
        long before = await RowsAsync(rooms, owner);
        for (int i = 0; i < Most * 3; i++)
        {
            Assert.Single((await rooms.AppendAsync(owner, Bad())).Rejected);
            OpIntent state = ServerRooms.Put("k") with { IfChanged = true };
            Assert.Single((await rooms.Log.AppendSnapshotAsync(
                owner, new OpBatch { BatchId = "b", Ops = [state] })).Duplicates);
        }

        Assert.Equal(before, await RowsAsync(rooms, owner));
        for (int i = 0; i < Most; i++) await rooms.AppendAsync(owner, ServerRooms.Put("k") with { IfChanged = true });
        await Assert.ThrowsAsync<ShareRpcException>(
            () => rooms.AppendAsync(owner, ServerRooms.Put("k") with { IfChanged = true }));
        Assert.Equal(before + Most, await RowsAsync(rooms, owner));
    }

    private static OpIntent Bad() => ServerRooms.Put("bad") with { Verb = "merge" };

    private static OpIntent[] Ops(string kind) => kind switch
    {
        "malformed" => [Bad()],
        "reused" => [ServerRooms.Put("k", """{"v":2}""", "known")],
        "quota" => [ServerRooms.Put("other"), ServerRooms.Put("another")],
        "atomic" => [ServerRooms.Put("k", """{"v":1}""") with { IfChanged = true }, Bad()],
        "duplicate" => [ServerRooms.Put("k", """{"v":1}""", "known")],
        _ => [ServerRooms.Put("k", """{"v":1}""") with { IfChanged = true }],
    };

    private static async Task<Authority> GuestAsync(ServerRooms rooms, Authority owner, int? quota = 1) =>
        await rooms.RedeemAsync(await rooms.AttenuateAsync(
            owner, Rights.Append, quota is { } most ? new Caveats { MaxOpsPerDay = most } : null));

    private static Task RejectAsync(ServerRooms rooms, Authority authority, int count) =>
        rooms.Log.AppendAsync(authority, RandomId.New(), new OpBatch
        {
            BatchId = "b", Ops = [.. Enumerable.Range(1, count).Select(i => Bad() with { Seq = i })],
        });

    private static async Task<long> RowsAsync(ServerRooms rooms, Authority owner)
    {
        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        Assert.NotNull(await snapshot.FindShareAsync(owner.Ref.ShareKey!.Value));
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection(
            $"Data Source={Path.Combine(rooms.Path, "shares.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var count = connection.CreateCommand();
        count.CommandText = "SELECT COUNT(*) FROM rejection";
        return (long)count.ExecuteScalar()!;
    }

    private Task<Ack> SendAsync(ServerRooms rooms, Authority authority, string writer, params OpIntent[] ops)
    {
        bool isAtomic = ops.Length == 2 && ops[0].IfChanged == true;
        OpIntent[] numbered = [.. ops.Select(op => op with { Seq = ++seq })];
        return rooms.Log.AppendAsync(
            authority, writer, new OpBatch { BatchId = "b", Ops = numbered, Atomic = isAtomic ? true : null });
    }
}
