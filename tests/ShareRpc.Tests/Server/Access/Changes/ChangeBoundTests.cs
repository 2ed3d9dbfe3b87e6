using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;

namespace ShareRpc.Tests.Server.Access.Changes;

/// <summary>What guests leave behind by changes of refs is bounded, and taking access away is not.</summary>
public sealed class ChangeBoundTests : IAsyncLifetime
{
    private const int Most = 40;
    private ServerRooms rooms = null!;
    private Authority owner = null!;
    private Authority guest = null!;

    public async Task InitializeAsync()
    {
        rooms = await ServerRooms.OpenAsync(ServerLimits.Default with
        {
            ChangesPerDay = Most, Argon2Passes = 1, Argon2Kibibytes = 64,
        });
        owner = await rooms.CreateShareAsync();
        guest = await rooms.RedeemAsync(
            await rooms.AttenuateAsync(owner, Rights.Read | Rights.Attenuate | Rights.Revoke));
    }

    public Task DisposeAsync()
    {
        rooms.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_link_makes_so_many_refs_a_day_with_those_below_it_and_the_owner_as_many_as_it_likes()
    {
        Authority below = await rooms.RedeemAsync(await rooms.AttenuateAsync(guest, Rights.Read | Rights.Attenuate));
        for (int i = 2; i < Most; i++) await rooms.AttenuateAsync(i % 2 == 0 ? guest : below, Rights.Read);
        ShareToken last = await rooms.AttenuateAsync(guest, Rights.Read);
        await LimitedAsync(() => rooms.AttenuateAsync(guest, Rights.Read));
        await LimitedAsync(() => rooms.AttenuateAsync(below, Rights.Read));
        for (int i = 0; i < 2 * Most; i++) await rooms.AttenuateAsync(owner, Rights.Read);

        var named = new CapabilityRequest { CapId = last.CapId };
        await LimitedAsync(() => rooms.Changes.RotateAsync(guest, new RotateCapabilityRequest
        {
            CapId = last.CapId, TokenDigest = ShareToken.New(last.CapId).Digest,
        }));
        await rooms.Changes.SuspendAsync(guest, named);
        await LimitedAsync(() => rooms.Changes.ResumeAsync(guest, named));
        await rooms.Changes.ResumeAsync(owner, named);
        await rooms.Admin.RevokeAsync(guest, new RevokeCapabilityRequest { CapId = last.CapId });

        rooms.Clock.Advance(TimeSpan.FromDays(1));
        await rooms.AttenuateAsync(guest, Rights.Read);
    }

    [Fact]
    public async Task Passphrases_of_guests_are_checked_for_a_part_of_that()
    {
        for (int i = 0; i < Most / 20; i++) await LockAsync();
        await LimitedAsync(LockAsync);

        Task LockAsync()
        {
            ShareToken token = ShareToken.New(RandomId.New());
            return rooms.Admin.AttenuateAsync(guest, new AttenuateRequest
            {
                CapId = token.CapId, TokenDigest = token.Digest, Rights = ["read"],
                PassphraseDigest = Passphrase.DigestOf(token, "words"),
            });
        }
    }

    [Fact]
    public async Task Grants_that_end_themselves_leave_no_more()
    {
        ShareToken link = await rooms.AttenuateAsync(owner, Rights.Read | Rights.Comment);
        for (int i = 0; i < Most; i++)
        {
            ShareToken grant = ShareToken.New(RandomId.New());
            Authority granted = await rooms.RedeemAsync(link, grant: grant);
            Assert.True(granted.Ref.IsGrant);
            await rooms.Admin.RevokeAsync(granted, new RevokeCapabilityRequest { CapId = grant.CapId });
        }

        Authority more = await rooms.RedeemAsync(link, grant: ShareToken.New(RandomId.New()));
        Assert.False(more.Ref.IsGrant);
        more.Demand(Rights.Read);
    }

    private static async Task LimitedAsync(Func<Task> change)
    {
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(change);
        Assert.Equal(ErrorCode.RateLimited, refused.Code);
        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
    }
}
