using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Append;

/// <summary>What vectors do not show of comments: rates over time, many authors, restarts.</summary>
public sealed class CommentTests
{
    private const Rights Commenter = Rights.Read | Rights.Comment;
    private static readonly ProtocolLimits Few = new() { CommentsPerHour = 3, CommentsPerShare = 4 };

    [Fact]
    public async Task A_ref_comments_as_often_as_an_hour_allows_and_again_as_the_hour_passes()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(protocolLimits: Few with { CommentsPerShare = 100 });
        (Authority owner, Authority guest) = await BeginAsync(rooms);
        for (int i = 1; i <= 3; i++) await SayAsync(rooms, guest, $"c{i}");

        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(() => SayAsync(rooms, guest, "c4"));
        Assert.Equal((ErrorCode.RateLimited, true, ErrorAction.Retry),
            (refused.Code, refused.IsTransient, refused.Action));
        Assert.Equal(TimeSpan.FromMinutes(20), refused.RetryAfter);
        await SayAsync(rooms, owner, "o1");
        await rooms.AppendAsync(owner, ServerRooms.Put("other"));
        rooms.Clock.Advance(refused.RetryAfter!.Value);
        await SayAsync(rooms, guest, "c4");
        Assert.Equal(ErrorCode.RateLimited, await RefusalAsync(() => SayAsync(rooms, guest, "c5")));
    }

    [Fact]
    public async Task The_grants_of_one_link_are_authors_of_their_own_and_share_ten_times_the_rate()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(protocolLimits: Few with { CommentsPerShare = 100 });
        Authority owner = await rooms.CreateShareAsync();
        await rooms.AppendAsync(owner, ServerRooms.Put("k", """{"type":"text"}"""));
        ShareToken link = await rooms.AttenuateAsync(owner, Commenter);
        var authors = new HashSet<string>();
        for (int holder = 1; holder <= 10; holder++)
        {
            Authority grant = await rooms.RedeemAsync(link, grant: ShareToken.New(RandomId.New()));
            Assert.True(authors.Add(grant.AuthorId) && grant.Ref.IsGrant);
            for (int i = 1; i <= 3; i++) await SayAsync(rooms, grant, $"{holder}-{i}");
            Assert.Equal(ErrorCode.RateLimited, await RefusalAsync(() => SayAsync(rooms, grant, "more")));
        }

        Authority last = await rooms.RedeemAsync(link, grant: ShareToken.New(RandomId.New()));
        Assert.Equal(ErrorCode.RateLimited, await RefusalAsync(() => SayAsync(rooms, last, "none")));
        rooms.Clock.Advance(TimeSpan.FromHours(1));
        await SayAsync(rooms, last, "now");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_has_no_grant_of_a_link_reads_and_does_not_comment(bool isFull)
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(new() { GrantsPerLink = 1 });
        Authority owner = await rooms.CreateShareAsync();
        await rooms.AppendAsync(owner, ServerRooms.Put("k", """{"type":"text"}"""));
        ShareToken link = await rooms.AttenuateAsync(owner, Commenter);
        Authority first = await rooms.RedeemAsync(link, grant: ShareToken.New(RandomId.New()));
        await SayAsync(rooms, first, "c1");
        Authority other = await rooms.RedeemAsync(link, grant: isFull ? ShareToken.New(RandomId.New()) : null);
        Assert.Equal((link.CapId, Rights.Read), (other.Ref.CapId, other.Ref.Rights));
        Assert.Single((await rooms.Reads.ReadStateAsync(other, new GetStateRequest { Kinds = [Kinds.Comment] })).Docs);
        Assert.Equal(ErrorCode.Forbidden, await RefusalAsync(() => SayAsync(rooms, other, "c1")));
    }

    [Fact]
    public async Task A_link_with_comment_is_read_on_a_full_disk_and_a_counted_one_is_not()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken link = await rooms.AttenuateAsync(owner, Commenter);
        ShareToken counted = await rooms.AttenuateAsync(owner, Commenter, new Caveats { MaxUses = 9 });
        rooms.Store.Break();
        Authority reader = await rooms.RedeemAsync(link, grant: ShareToken.New(RandomId.New()));
        Assert.Equal((link.CapId, Rights.Read), (reader.Ref.CapId, reader.Ref.Rights));
        await rooms.Reads.ReadStateAsync(reader, new GetStateRequest());
        Assert.Equal(ErrorCode.StorageUnavailable,
            await RefusalAsync(() => rooms.RedeemAsync(counted, grant: ShareToken.New(RandomId.New()))));
    }

    [Fact]
    public async Task A_share_has_as_many_comments_as_its_limit_and_a_removal_makes_room()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(protocolLimits: Few with { CommentsPerHour = 100 });
        (_, Authority guest) = await BeginAsync(rooms);
        for (int i = 1; i <= 4; i++) Assert.Null(CodeOf(await SayAsync(rooms, guest, $"c{i}")));
        Assert.Equal("quota_exceeded", CodeOf(await SayAsync(rooms, guest, "c5")));
        Assert.Null(CodeOf(await SayAsync(rooms, guest, "c4")));
        await rooms.AppendAsync(guest, Op("c1", Verbs.Remove, null));
        Assert.Null(CodeOf(await SayAsync(rooms, guest, "c5")));
        Assert.Equal("quota_exceeded", CodeOf(await SayAsync(rooms, guest, "c6")));
    }

    [Fact]
    public async Task Comments_that_are_folded_are_hidden_with_their_document_and_edited_by_their_author()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(new() { FoldOps = 1, CachedShares = 1 });
        (Authority owner, Authority guest) = await BeginAsync(rooms);
        Authority other = await GuestAsync(rooms, owner);
        await SayAsync(rooms, guest, "c1");
        await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        for (int i = 0; i < 2; i++) await rooms.AppendAsync(await rooms.CreateShareAsync(), ServerRooms.Put("x"));

        Assert.Equal("not_author", CodeOf(await SayAsync(rooms, other, "c1")));
        Assert.Null(CodeOf(await SayAsync(rooms, guest, "c1", "edited")));
        Ack ack = await rooms.AppendAsync(
            owner, ServerRooms.Put("k", """{"type":"text","undone":true}"""));
        Assert.Equal(ack.Applied[0].Cursor + 1, ack.Cursor);
        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        LoggedOp last = Assert.Single(
            await snapshot.ReadOpsAsync(owner.Ref.ShareKey!.Value, ack.Cursor - 1, 9, int.MaxValue));
        Assert.Equal((Kinds.Comment, owner.AuthorId), (last.Kind, last.Actor));
        using JsonDocument data = last.Data!.Value.ToDocument();
        Assert.Equal("edited", data.RootElement.GetProperty("text").GetString());
        Assert.Equal(guest.AuthorId, data.RootElement.GetProperty("author").GetProperty("id").GetString());
    }

    [Fact]
    public async Task Comments_that_are_stated_again_count_at_the_quotas_of_whoever_changed_their_document()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        Authority writer = await rooms.RedeemAsync(await rooms.AttenuateAsync(
            owner, Rights.Read | Rights.Append, new Caveats { MaxBytesPerDay = 1_000, MaxOpsPerDay = 100 }));
        await rooms.AppendAsync(writer, ServerRooms.Put("k", """{"type":"text"}"""));
        Authority guest = await GuestAsync(rooms, owner);
        foreach (string id in new[] { "c1", "c2" }) await SayAsync(rooms, guest, id, new string('a', 400));

        DayUse before = await UseAsync();
        OpIntent undone = ServerRooms.Put("k", """{"type":"text","undone":true}""");
        await rooms.AppendAsync(writer, undone);
        DayUse after = await UseAsync();
        Assert.Equal(before.Ops + 3, after.Ops);
        Assert.True(after.Bytes - before.Bytes > 800 + undone.Data!.Value.Utf8.Length);
        Assert.Equal("quota_exceeded", CodeOf(
            await rooms.AppendAsync(writer, ServerRooms.Put("other", $$"""{"text":"{{new string('a', 200)}}"}"""))));

        async Task<DayUse> UseAsync()
        {
            await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
            long day = EffectiveCaveats.DayOf(rooms.Clock.GetUtcNow().ToUnixTimeMilliseconds());
            return await snapshot.ReadQuotaAsync(writer.Ref.Key, day);
        }
    }

    [Fact]
    public async Task All_below_one_link_share_its_rate_however_many_were_derived_from_it()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(protocolLimits: Few with { CommentsPerShare = 100 });
        (Authority owner, Authority other) = await BeginAsync(rooms);
        Authority parent = await GuestAsync(rooms, owner, Commenter | Rights.Attenuate);
        for (int child = 1; child <= 10; child++)
        {
            Authority guest = await GuestAsync(rooms, parent);
            for (int i = 1; i <= 3; i++) await SayAsync(rooms, guest, $"{child}-{i}");
        }

        Authority last = await GuestAsync(rooms, parent);
        Assert.Equal(ErrorCode.RateLimited, await RefusalAsync(() => SayAsync(rooms, last, "none")));
        Assert.Equal(ErrorCode.RateLimited, await RefusalAsync(() => SayAsync(rooms, parent, "none")));
        await SayAsync(rooms, other, "free");
        await SayAsync(rooms, owner, "too");
    }

    [Fact]
    public async Task An_atomic_batch_that_is_aborted_hides_no_comment()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        (Authority owner, Authority guest) = await BeginAsync(rooms);
        await SayAsync(rooms, guest, "c1");
        Ack ack = await rooms.Log.AppendAsync(owner, null, new OpBatch
        {
            BatchId = "b", Atomic = true,
            Ops = [ServerRooms.Put("k", """{"type":"text","undone":true}"""), Op("c1", Verbs.Append, "{}")],
        });
        Assert.Equal((2, 2L), (ack.Rejected.Count, ack.Cursor));
    }

    [Fact]
    public async Task A_revoked_commenter_comments_no_more_and_what_it_said_stays()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        (Authority owner, Authority guest) = await BeginAsync(rooms);
        await SayAsync(rooms, guest, "c1");
        await rooms.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = guest.Ref.CapId });
        Assert.Equal(ErrorCode.CapabilityRevoked, await RefusalAsync(() => SayAsync(rooms, guest, "c2")));
        StatePage page = await rooms.Reads.ReadStateAsync(owner, new GetStateRequest { Kinds = [Kinds.Comment] });
        Assert.Equal("part/k/c1", Assert.Single(page.Docs).Key);
        await rooms.AppendAsync(owner, Op("c1", Verbs.Remove, null));
        page = await rooms.Reads.ReadStateAsync(owner, new GetStateRequest { Kinds = [Kinds.Comment] });
        Assert.Empty(page.Docs);
    }

    [Fact]
    public void An_author_is_derived_as_the_specification_says() =>
        Assert.Equal("5i7FZ253ONZInPsxGTcCFo", CommentKey.AuthorOf("0FTH9SrmrPlhCxY3CJqrui"));

    private static async Task<(Authority Owner, Authority Guest)> BeginAsync(ServerRooms rooms)
    {
        Authority owner = await rooms.CreateShareAsync();
        await rooms.AppendAsync(owner, ServerRooms.Put("k", """{"type":"text"}"""));
        return (owner, await GuestAsync(rooms, owner));
    }

    private static async Task<Authority> GuestAsync(
        ServerRooms rooms, Authority parent, Rights rights = Commenter, Caveats? caveats = null) =>
        await rooms.RedeemAsync(
            await rooms.AttenuateAsync(parent, rights, caveats), grant: ShareToken.New(RandomId.New()));

    private static Task<Ack> SayAsync(ServerRooms rooms, Authority authority, string id, string text = "hello") =>
        rooms.AppendAsync(authority, Op(id, Verbs.Put, $$"""{"text":"{{text}}"}"""));

    private static OpIntent Op(string id, string verb, string? data) => new()
    {
        OpId = OpId.New(), Verb = verb, Kind = Kinds.Comment, Key = $"part/k/{id}",
        Data = data is null ? null : RawJson.Parse(data),
    };

    private static string? CodeOf(Ack ack) => ack.Rejected.Count == 0 ? null : ack.Rejected[0].Code;

    private static async Task<ErrorCode> RefusalAsync(Func<Task> call) =>
        (await Assert.ThrowsAsync<ShareRpcException>(call)).Code;
}
