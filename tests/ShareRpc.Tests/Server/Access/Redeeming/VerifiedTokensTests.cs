using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Storage;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Server.Storage;

namespace ShareRpc.Tests.Server.Access.Redeeming;

public sealed class VerifiedTokensTests
{
    private readonly ManualTimeProvider clock = new();
    private readonly ServerLimits limits = new() { VerifiedTokens = 2, VerifiedTokenLife = TimeSpan.FromMinutes(10) };
    private readonly RefRow row = Seed.Ref() with { Key = 1 };

    [Fact]
    public void A_check_is_remembered_for_its_time_and_for_this_ref_epoch_and_verifier_only()
    {
        var verified = new VerifiedTokens(limits, clock);
        verified.Add(row, "d");
        Assert.True(verified.Knows(row, "d"));
        Assert.False(verified.Knows(row, "e"));
        Assert.False(verified.Knows(row with { Key = 2 }, "d"));
        Assert.False(verified.Knows(row with { Epoch = 2 }, "d"));
        Assert.False(verified.Knows(row with { Verifier = "$other$" }, "d"));
        clock.Advance(limits.VerifiedTokenLife - TimeSpan.FromTicks(1));
        Assert.True(verified.Knows(row, "d"));
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.False(verified.Knows(row, "d"));
    }

    [Fact]
    public void As_many_are_remembered_as_the_limit_says_and_the_oldest_goes_first()
    {
        var verified = new VerifiedTokens(limits, clock);
        foreach (string digest in new[] { "a", "b", "c" })
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            verified.Add(row, digest);
        }

        Assert.Equal([false, true, true], new[] { "a", "b", "c" }.Select(digest => verified.Knows(row, digest)));
    }

    [Fact]
    public async Task A_token_that_was_found_right_is_let_in_again_without_argon2_until_it_is_taken_back()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(new ServerLimits { Argon2Waiting = 10 });
        Authority owner = await rooms.CreateShareAsync();
        ShareToken token = await rooms.AttenuateAsync(owner, Rights.Read);
        ShareToken forged = ShareToken.New(token.CapId);
        RefRow found = await rooms.Redeemer.AuthenticateAsync(token.Reveal(), null, CancellationToken.None);
        Assert.Equal(token.CapId, found.CapId);

        rooms.Verifier.Dispose(); // from here on the slow check would throw
        Assert.Equal(found.Key, (await rooms.Redeemer.AuthenticateAsync(token.Reveal(), null, CancellationToken.None)).Key);
        ShareRpcException wrong = await Assert.ThrowsAsync<ShareRpcException>(
            () => rooms.Redeemer.AuthenticateAsync(forged.Reveal(), null, CancellationToken.None));
        Assert.Equal(ErrorCode.InvalidToken, wrong.Code);

        await rooms.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = token.CapId });
        RefRow now = rooms.Store.BeginRead().FindRef(found.Key)!;
        Assert.Equal(ErrorCode.CapabilityRevoked, Assert.Throws<ShareRpcException>(() => rooms.Redeemer.Admit(now)).Code);
        Assert.Equal(ErrorCode.CapabilityRevoked, Assert.Throws<ShareRpcException>(() => rooms.Redeemer.Admit(found)).Code);
    }
}
