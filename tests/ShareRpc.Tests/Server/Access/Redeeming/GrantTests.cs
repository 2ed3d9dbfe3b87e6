using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Access.Redeeming;

/// <summary>Grants as time, bounds, many callers at once and the disk decide; the rest is in the vectors.</summary>
public sealed class GrantTests : IAsyncLifetime
{
    private const string Words = "open sesame";
    private static readonly ServerLimits Limits = ServerLimits.Default with
    {
        GrantsPerLink = 3, Argon2Passes = 1, Argon2Kibibytes = 64, PassphraseGuessesPerMinute = 1_000,
    };

    private ServerRooms rooms = null!;
    private Authority owner = null!;

    public async Task InitializeAsync()
    {
        rooms = await ServerRooms.OpenAsync(Limits);
        owner = await rooms.CreateShareAsync();
    }

    public Task DisposeAsync()
    {
        rooms.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_link_gives_as_many_grants_as_the_limit_says_and_lets_in_more_without_one()
    {
        ShareToken link = await LockedAsync();
        for (int i = 0; i < Limits.GrantsPerLink; i++) Assert.True((await RedeemAsync(link, NewGrant())).Ref.IsGrant);
        Authority more = await RedeemAsync(link, NewGrant());
        Assert.Equal(link.CapId, more.Ref.CapId);
        more.Demand(Rights.Read);
        Assert.Equal(Limits.GrantsPerLink + 2,
            (await rooms.Lists.ListCapabilitiesAsync(owner, new())).Capabilities.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_grant_that_has_ended_makes_room_for_another(bool isRevoked)
    {
        ShareToken link = await LockedAsync();
        ShareToken first = NewGrant();
        await RedeemAsync(link, first);
        for (int i = 1; i < Limits.GrantsPerLink; i++) await RedeemAsync(link, NewGrant());
        Assert.False((await RedeemAsync(link, NewGrant())).Ref.IsGrant);
        if (isRevoked) await rooms.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = first.CapId });
        else rooms.Clock.Advance(Limits.GrantTime);
        Assert.True((await RedeemAsync(link, NewGrant())).Ref.IsGrant);
    }

    [Fact]
    public async Task A_grant_ends_a_day_after_it_was_made_and_its_handle_with_it()
    {
        ShareToken link = await LockedAsync();
        ShareToken grant = NewGrant();
        Authority held = await RedeemAsync(link, grant);
        rooms.Clock.Advance(Limits.GrantTime - TimeSpan.FromMilliseconds(1));
        (await rooms.RedeemAsync(grant)).Demand(Rights.Read);
        held.Demand(Rights.Read);
        rooms.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Func<Task>[] ended =
        [
            () => rooms.RedeemAsync(grant), () =>
                RedeemAsync(link, grant), () => Task.Run(() => held.Demand(Rights.Read)),
        ];
        foreach (Func<Task> call in ended) await AssertEndedAsync(ErrorCode.CapabilityExpired, call);
        (await RedeemAsync(link, NewGrant())).Demand(Rights.Read);
    }

    [Fact]
    public async Task An_invitation_says_how_long_its_grants_last_but_none_outlives_its_link()
    {
        long end = rooms.Clock.GetUtcNow().AddHours(2).ToUnixTimeMilliseconds();
        ShareToken brief = await LockedAsync(new Caveats { GrantMs = 60_000 });
        ShareToken ending = await LockedAsync(new Caveats { GrantMs = 31_536_000_000, ExpiresAtMs = end });
        long now = rooms.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.Equal(now + 60_000, (await RedeemAsync(brief, NewGrant())).Ref.GrantEndsMs);
        Assert.Equal(end, (await RedeemAsync(ending, NewGrant())).Ref.GrantEndsMs);
    }

    [Fact]
    public async Task Of_many_that_name_one_grant_at_once_one_use_is_counted()
    {
        ShareToken link = await rooms.AttenuateAsync(owner, Rights.Read, new Caveats { MaxUses = 1 });
        ShareToken grant = NewGrant();
        Authority[] held = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => Task.Run(() => rooms.RedeemAsync(link, grant: grant))));
        Assert.All(held, one => Assert.Equal(grant.CapId, one.Ref.CapId));
        Assert.Equal(1, (await FindAsync(link)).Uses);
    }

    [Fact]
    public async Task A_grant_that_the_disk_did_not_take_is_not_there_and_its_use_is_not_counted()
    {
        ShareToken link = await rooms.AttenuateAsync(owner, Rights.Read, new Caveats { MaxUses = 1 });
        ShareToken grant = NewGrant();
        rooms.Store.Break();
        Assert.Equal(ErrorCode.StorageUnavailable,
            (await RefusalAsync(() => rooms.RedeemAsync(link, grant: grant))).Code);
        rooms.Store.Repair();
        Assert.Equal(ErrorCode.InvalidToken, (await RefusalAsync(() => rooms.RedeemAsync(grant))).Code);
        Assert.True((await rooms.RedeemAsync(link, grant: grant)).Ref.IsGrant);
    }

    [Fact]
    public async Task A_taken_id_counts_no_use()
    {
        ShareToken link = await rooms.AttenuateAsync(owner, Rights.Read, new Caveats { MaxUses = 1 });
        foreach (string taken in new[] { owner.Ref.CapId, link.CapId, rooms.Root.Ref.CapId })
        {
            Assert.Equal(ErrorCode.IdTaken,
                (await RefusalAsync(() => rooms.RedeemAsync(link, grant: ShareToken.New(taken)))).Code);
        }

        Assert.Equal(0, (await FindAsync(link)).Uses);
        Assert.True((await rooms.RedeemAsync(link, grant: NewGrant())).Ref.IsGrant);
    }

    [Fact]
    public async Task A_suspended_link_ends_its_grants_whether_or_not_it_is_resumed()
    {
        ShareToken link = await LockedAsync();
        ShareToken grant = NewGrant();
        Authority held = await RedeemAsync(link, grant);
        await rooms.Changes.SuspendAsync(owner, new CapabilityRequest { CapId = link.CapId });
        Assert.Equal(ErrorCode.CapabilitySuspended,
            Assert.Throws<ShareRpcException>(() => held.Demand(Rights.Read)).Code);
        await AssertEndedAsync(ErrorCode.CapabilityRevoked, () => rooms.RedeemAsync(grant));
        await rooms.Changes.ResumeAsync(owner, new CapabilityRequest { CapId = link.CapId });
        await AssertEndedAsync(ErrorCode.CapabilityRevoked, () => rooms.RedeemAsync(grant));
        (await RedeemAsync(link, NewGrant())).Demand(Rights.Read);
    }

    [Fact]
    public async Task A_suspension_that_the_disk_did_not_take_leaves_the_grants_alive()
    {
        ShareToken link = await LockedAsync();
        ShareToken grant = NewGrant();
        await RedeemAsync(link, grant);
        rooms.Store.Break();
        await RefusalAsync(() => rooms.Changes.SuspendAsync(owner, new CapabilityRequest { CapId = link.CapId }));
        rooms.Store.Repair();
        (await rooms.RedeemAsync(grant)).Demand(Rights.Read);
    }

    [Fact]
    public async Task Rows_of_ended_grants_go_after_a_month_and_what_they_did_is_still_told()
    {
        ShareToken link = await rooms.AttenuateAsync(
            owner, Rights.Read | Rights.Append | Rights.Attenuate, new Caveats { MaxUses = 9 });
        ShareToken grant = NewGrant();
        Authority held = await rooms.RedeemAsync(link, grant: grant);
        await rooms.AppendAsync(held, ServerRooms.Put("k"));
        ShareToken child = await rooms.AttenuateAsync(held, Rights.Read);
        rooms.Clock.Advance(Limits.GrantTime + Limits.EndedGrantTime - TimeSpan.FromMilliseconds(1));
        int commits = rooms.Store.Commits;
        await rooms.Grants.SweepAsync();
        Assert.Equal(commits, rooms.Store.Commits); // with nothing to do it commits nothing
        await AssertEndedAsync(ErrorCode.CapabilityExpired, () => rooms.RedeemAsync(grant));

        rooms.Clock.Advance(TimeSpan.FromMilliseconds(1));
        await rooms.Grants.SweepAsync();

        foreach (ShareToken gone in new[] { grant, child })
        {
            Assert.Equal(ErrorCode.InvalidToken, (await RefusalAsync(() => rooms.RedeemAsync(gone))).Code);
            Assert.Equal(ErrorCode.IdTaken, (await RefusalAsync(() => rooms.RedeemAsync(link, grant: gone))).Code);
        }

        Assert.Equal(
            [owner.Ref.CapId, link.CapId],
                (await rooms.Lists.ListCapabilitiesAsync(owner, new())).Capabilities.Select(one => one.CapId));
        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        LoggedOp op = Assert.Single(await snapshot.ReadOpsAsync(owner.Ref.ShareKey!.Value, 0, 10, int.MaxValue));
        Assert.Equal(grant.CapId, op.Actor);
        AuditEntry[] audit = [.. (await rooms.Lists.ListAuditAsync(owner, new())).Entries];
        Assert.Contains(audit, entry => entry is { Action: "grant" } && entry.Actor == link.CapId
            && entry.Subject == grant.CapId);
        Assert.Contains(audit, entry => entry is { Action: "attenuate" } && entry.Actor == grant.CapId
            && entry.Subject == child.CapId);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_redemption_reads_the_store_twice(bool isCounted, bool isLocked)
    {
        ShareToken link = await rooms.AttenuateAsync(
            owner, Rights.Read, isCounted ? new Caveats { MaxUses = 9 } : null, isLocked ? Words : null);
        ShareToken grant = NewGrant();
        int before = rooms.Store.Reads;
        await rooms.RedeemAsync(link, isLocked ? Words : null, grant: grant);
        Assert.Equal(2, rooms.Store.Reads - before);
        if (!isCounted && !isLocked) return;
        before = rooms.Store.Reads;
        await rooms.RedeemAsync(grant);
        Assert.Equal(2, rooms.Store.Reads - before);
    }

    private static ShareToken NewGrant() => ShareToken.New(RandomId.New());

    private static async Task AssertEndedAsync(ErrorCode code, Func<Task> call)
    {
        ShareRpcException error = await RefusalAsync(call);
        Assert.Equal((code, ErrorAction.Redeem), (error.Code, error.Action));
    }

    private static Task<ShareRpcException> RefusalAsync(Func<Task> call) => Assert.ThrowsAsync<ShareRpcException>(call);

    private Task<ShareToken> LockedAsync(Caveats? caveats = null) =>
        rooms.AttenuateAsync(owner, Rights.Read, caveats, Words);

    private Task<Authority> RedeemAsync(ShareToken link, ShareToken grant) =>
        rooms.RedeemAsync(link, Words, grant: grant);

    private async ValueTask<RefRow> FindAsync(ShareToken token)
    {
        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        return (await snapshot.FindRefAsync(token.CapId))!;
    }
}
