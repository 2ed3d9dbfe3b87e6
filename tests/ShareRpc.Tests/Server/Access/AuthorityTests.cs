using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Server.Storage;

namespace ShareRpc.Tests.Server.Access;

public sealed class AuthorityTests
{
    private static readonly Rights[] Each =
        [Rights.Admin, Rights.Create, Rights.Read, Rights.Append, Rights.Attenuate, Rights.Revoke];
    private readonly ManualTimeProvider clock = new();

    [Fact]
    public void It_has_the_rights_of_its_row_and_no_others()
    {
        foreach (Rights has in Each)
        {
            using Authority authority = Of(Seed.Ref(rights: has));
            foreach (Rights asked in Each)
            {
                var refused = Record.Exception(() => authority.Demand(asked)) as ShareRpcException;
                Assert.Equal(has == asked ? null : ErrorCode.Forbidden, refused?.Code);
            }
        }
    }

    [Fact]
    public void It_ends_with_the_earliest_expiry_of_its_chain()
    {
        long now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        RefRow Expiring(long? at) => Seed.Ref() with { Caveats = new Caveats { ExpiresAtMs = at } };
        using Authority authority = Of(Expiring(now + 9_000), Expiring(now + 5_000), Expiring(null));
        Assert.Equal(now + 5_000, authority.Caveats.ExpiresAtMs);

        clock.Advance(TimeSpan.FromMilliseconds(4_999));
        authority.Demand(Rights.Read);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(ErrorCode.CapabilityExpired,
            Assert.Throws<ShareRpcException>(() => authority.Demand(Rights.Read)).Code);
    }

    [Theory]
    [InlineData(null, 30_000, 30_000)]
    [InlineData(5_000, 30_000, 5_016)]
    [InlineData(5_000, 5_010, 5_010)]
    [InlineData(-1, 30_000, 16)]
    [InlineData(5_000, 0, 0)]
    public void A_wait_lasts_until_just_after_the_expiry_since_timers_fire_early(int? left, int asked, int expected)
    {
        long? end = clock.GetUtcNow().ToUnixTimeMilliseconds() + left;
        using Authority authority = Of(Seed.Ref() with { Caveats = new Caveats { ExpiresAtMs = end } });

        Assert.Equal(expected, authority.WaitAtMost(asked));
    }

    private Authority Of(params RefRow[] chain) => new(chain[0], chain, null, clock);
}
