using System.Net;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Server.Opencode;

namespace ShareRpc.Tests.Server.Access.Redeeming;

public sealed class RedemptionLimitTests
{
    private const string Here = "192.0.2.1";

    [Fact]
    public async Task Wrong_tokens_beyond_the_limit_are_told_to_wait_and_right_ones_are_not()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(
            ServerLimits.Default with { WrongTokensPerMinute = 3, RateLimitedDelay = TimeSpan.Zero });
        Authority owner = await rooms.CreateShareAsync();
        ShareToken guest = await rooms.AttenuateAsync(owner, Rights.Read);
        Func<Task>[] wrong =
        [
            () => rooms.RedeemAsync(ShareToken.New(RandomId.New()), address: Here),
            () => rooms.RedeemAsync(ShareToken.New(guest.CapId), address: Here),
            () => rooms.Redeemer.FindAsync("nonsense", Here, CancellationToken.None),
        ];
        foreach (Func<Task> call in wrong) Assert.Equal(ErrorCode.InvalidToken, (await RefusalAsync(call)).Code);
        foreach (Func<Task> call in wrong)
        {
            ShareRpcException refusal = await RefusalAsync(call);
            Assert.Equal(ErrorCode.RateLimited, refusal.Code);
            Assert.InRange(refusal.RetryAfter!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20));
        }

        (await rooms.RedeemAsync(guest, address: Here)).Demand(Rights.Read);
        Assert.Equal(
            ErrorCode.InvalidToken, (await RefusalAsync(() => rooms.RedeemAsync(ShareToken.New(RandomId.New()),
                address: "192.0.2.2"))).Code);
        rooms.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(ErrorCode.InvalidToken, (await RefusalAsync(wrong[0])).Code);
        Assert.Equal(ErrorCode.RateLimited, (await RefusalAsync(wrong[1])).Code);
    }

    [Fact]
    public async Task A_wrong_token_beyond_the_limit_waits_for_its_answer_and_a_right_one_does_not()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(ServerLimits.Default with { WrongTokensPerMinute = 1 });
        Authority owner = await rooms.CreateShareAsync();
        ShareToken guest = await rooms.AttenuateAsync(owner, Rights.Read);
        await RefusalAsync(() => rooms.RedeemAsync(ShareToken.New(guest.CapId), address: Here));
        Task<Authority> wrong = rooms.RedeemAsync(ShareToken.New(guest.CapId), address: Here);
        TimeSpan shortest = rooms.Limits.RateLimitedDelay;
        TimeSpan due = await rooms.Clock.TimerAsync(due => due >= shortest && due <= shortest * 2);
        (await rooms.RedeemAsync(guest, address: Here)).Demand(Rights.Read);
        Assert.False(wrong.IsCompleted);
        rooms.Clock.Advance(due);
        Assert.Equal(ErrorCode.RateLimited, (await RefusalAsync(() => wrong)).Code);
    }

    [Fact]
    public async Task A_secret_from_before_a_rotation_uses_up_nothing_and_beyond_the_limit_is_a_wrong_one()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(
            ServerLimits.Default with { WrongTokensPerMinute = 2, RateLimitedDelay = TimeSpan.Zero });
        Authority owner = await rooms.CreateShareAsync();
        ShareToken old = await rooms.AttenuateAsync(owner, Rights.Read);
        await rooms.Changes.RotateAsync(
            owner, new RotateCapabilityRequest { CapId = old.CapId, TokenDigest = ShareToken.New(old.CapId).Digest });
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(ErrorCode.CapabilityRevoked,
                (await RefusalAsync(() => rooms.RedeemAsync(old, address: Here))).Code);
        }

        ShareToken wrong = ShareToken.New(RandomId.New());
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(ErrorCode.InvalidToken,
                (await RefusalAsync(() => rooms.RedeemAsync(wrong, address: Here))).Code);
        }

        Assert.Equal(ErrorCode.RateLimited, (await RefusalAsync(() => rooms.RedeemAsync(old, address: Here))).Code);
    }

    [Fact]
    public async Task Guesses_of_a_passphrase_are_limited_before_they_are_looked_at_right_or_wrong()
    {
        using ServerRooms rooms =
            await ServerRooms.OpenAsync(ServerLimits.Default with { PassphraseGuessesPerMinute = 3 });
        Authority owner = await rooms.CreateShareAsync();
        ShareToken token = ShareToken.New(RandomId.New());
        await rooms.Admin.AttenuateAsync(owner, new AttenuateRequest
        {
            CapId = token.CapId, TokenDigest = token.Digest, PassphraseDigest = Passphrase.DigestOf(token, "sesame"),
            Rights = ["read"],
        });
        // Right ones use up nothing.
        for (int i = 0; i < 5; i++) (await rooms.RedeemAsync(token, "sesame", Here)).Demand(Rights.Read);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(ErrorCode.PassphraseRequired, (await RefusalAsync(() => rooms.RedeemAsync(token, $"guess {i}",
                $"192.0.2.{i}"))).Code);
        }

        Assert.Equal(ErrorCode.RateLimited,
            (await RefusalAsync(() => rooms.RedeemAsync(token, "sesame", "192.0.2.9"))).Code);
        Assert.Equal(ErrorCode.PassphraseRequired,
            (await RefusalAsync(() => rooms.RedeemAsync(token, null, "192.0.2.9"))).Code);
        rooms.Clock.Advance(TimeSpan.FromSeconds(20));
        (await rooms.RedeemAsync(token, "sesame", "192.0.2.9")).Demand(Rights.Read);
    }

    [Fact]
    public async Task Open_creation_is_limited_by_address()
    {
        await using LiveServer live = await LiveServer.StartAsync(
            serverLimits: ServerLimits.Default with { OpenCreationsPerMinute = 2 },
            more: options => options with { OpenCreation = true });
        using var calls = new OpencodeCalls(live.Server.Address, live.Timeout);
        for (int i = 0; i < 2; i++) await calls.ShareAsync($"ses_{i}");
        using HttpResponseMessage third = await calls.CreateAsync("ses_3");
        Assert.Equal(HttpStatusCode.TooManyRequests, third.StatusCode);
        Assert.NotNull(third.Headers.RetryAfter);
        using var owner =
            new OpencodeCalls(live.Server.Address, live.Timeout) { Base = $"/a/{live.RootToken.Reveal()}" };
        await owner.ShareAsync("ses_4");
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void A_limit_remembers_so_many_keys_and_forgets_the_one_used_longest_ago(int keys, bool isRemembered)
    {
        var limiter = new RateLimiter(capacity: 1, maxKeys: 2, new ManualTimeProvider());
        for (int i = 0; i < keys; i++) Assert.True(limiter.TryTake($"key {i}", out _));
        Assert.Equal(!isRemembered, limiter.TryTake("key 0", out TimeSpan wait));
        Assert.Equal(isRemembered ? TimeSpan.FromMinutes(1) : TimeSpan.Zero, wait);
    }

    [Fact]
    public void A_bucket_fills_evenly_and_never_beyond_a_minute_s_worth()
    {
        var clock = new ManualTimeProvider();
        var limiter = new RateLimiter(capacity: 6, maxKeys: 2, clock);
        for (int i = 0; i < 6; i++) Assert.True(limiter.TryTake("a", out _));
        Assert.False(limiter.TryTake("a", out TimeSpan wait));
        Assert.Equal(TimeSpan.FromSeconds(10), wait);
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.True(limiter.TryTake("a", out _));
        Assert.False(limiter.TryTake("a", out _));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(6, Enumerable.Range(0, 10).Count(_ => limiter.TryTake("a", out TimeSpan _)));
        limiter.GiveBack("a");
        Assert.True(limiter.TryTake("a", out _));
    }

    private static Task<ShareRpcException> RefusalAsync(Func<Task> call) => Assert.ThrowsAsync<ShareRpcException>(call);
}
