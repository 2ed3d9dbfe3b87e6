using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Storage;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Server.Storage;

namespace ShareRpc.Tests.Server.Access.Redeeming;

public sealed class TokenVerifierTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly SecretKeys keys;
    private readonly ShareToken token = ShareToken.New(RandomId.New());

    public TokenVerifierTests()
    {
        keys = SecretKeys.Open(directory.Path, isNew: true);
    }

    [Fact]
    public async Task A_token_fits_its_own_ref_and_no_other_does()
    {
        using var verifier = new TokenVerifier(keys, ServerLimits.Default);
        RefRow row = await RowAsync(verifier);
        Assert.True(await verifier.VerifyAsync(row, token.Digest, Unknown, default));
        Assert.False(await verifier.VerifyAsync(row, ShareToken.New(token.CapId).Digest, Unknown, default));
        Assert.False(await verifier.VerifyAsync(null, token.Digest, Unknown, default));
        Assert.False(await verifier.VerifyAsync(row with { Verifier = "$argon2id$" }, token.Digest, Unknown, default));
        Assert.DoesNotContain(token.Digest, row.Verifier, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Without_the_same_key_no_tag_fits()
    {
        using var verifier = new TokenVerifier(keys, ServerLimits.Default);
        RefRow row = await RowAsync(verifier);
        using var otherDirectory = new TemporaryDirectory();
        using var other = new TokenVerifier(SecretKeys.Open(otherDirectory.Path, isNew: true), ServerLimits.Default);
        Assert.False(other.HasTag(row, token.Digest));
        using var again = new TokenVerifier(SecretKeys.Open(directory.Path, isNew: false), ServerLimits.Default);
        Assert.True(again.HasTag(row, token.Digest));
    }

    [Fact]
    public async Task A_wrong_token_never_reaches_argon2()
    {
        using var maker = new TokenVerifier(keys, ServerLimits.Default);
        RefRow row = await RowAsync(maker);
        using var full = new TokenVerifier(keys, new ServerLimits { Argon2Waiting = 0 });
        Assert.False(await full.VerifyAsync(row, ShareToken.New(token.CapId).Digest, Unknown, default));
        Assert.False(await full.VerifyAsync(null, token.Digest, Unknown, default));
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(
            () => full.VerifyAsync(row, token.Digest, Unknown, default));
        Assert.Equal((ErrorCode.Overloaded, ServerLimits.Default.OverloadedRetryAfter), (refused.Code, refused.RetryAfter));
    }

    [Fact]
    public async Task What_another_call_has_found_right_meanwhile_is_not_computed_again()
    {
        using var verifier = new TokenVerifier(keys, ServerLimits.Default);
        RefRow row = (await RowAsync(verifier)) with { Verifier = "$argon2id$" };
        Assert.True(await verifier.VerifyAsync(row, token.Digest, known => known == row, default));
        Assert.False(await verifier.VerifyAsync(row, ShareToken.New(token.CapId).Digest, _ => true, default));
    }

    [Fact]
    public async Task As_many_wait_for_argon2_as_the_limit_says()
    {
        using var verifier = new TokenVerifier(keys, new ServerLimits { Argon2AtOnce = 1, Argon2Waiting = 2 });
        Task<(byte[], string)>[] calls = [.. Enumerable.Range(0, 30).Select(_ => verifier.MakeAsync(token.Digest, default))];
        Task ended = Task.WhenAll(calls);
        await Assert.ThrowsAsync<ShareRpcException>(() => ended);

        Assert.True(calls.Count(call => call.IsCompletedSuccessfully) >= 3);
        Assert.Contains(calls, call => call.IsFaulted);
        Assert.All(ended.Exception!.InnerExceptions, error => Assert.Equal(
            ErrorCode.Overloaded, Assert.IsType<ShareRpcException>(error).Code));
        Assert.NotNull((await verifier.MakeAsync(token.Digest, default)).Verifier);
    }

    public void Dispose() => directory.Dispose();

    private static bool Unknown(RefRow row) => false;

    private async Task<RefRow> RowAsync(TokenVerifier verifier)
    {
        (byte[] tag, string phc) = await verifier.MakeAsync(token.Digest, CancellationToken.None);
        return Seed.Ref() with { CapId = token.CapId, Tag = tag, Verifier = phc };
    }
}
