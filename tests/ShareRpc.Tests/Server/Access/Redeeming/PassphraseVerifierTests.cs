using System.Text;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access.Redeeming;

namespace ShareRpc.Tests.Server.Access.Redeeming;

public sealed class PassphraseVerifierTests
{
    private static readonly ServerLimits Cheap = ServerLimits.Default with { Argon2Passes = 1, Argon2Kibibytes = 64 };
    private readonly string digest = Passphrase.DigestOf(ShareToken.New(RandomId.New()), "open sesame");

    [Fact]
    public async Task A_passphrase_is_kept_at_the_cost_that_OWASP_names_and_under_a_salt_of_its_own()
    {
        using var passphrases = new PassphraseVerifier(ServerLimits.Default);
        string phc = await passphrases.HashAsync(digest, default);
        Assert.StartsWith("$argon2id$v=19$m=19456,t=2,p=1$", phc, StringComparison.Ordinal);
        Assert.NotEqual(phc, await passphrases.HashAsync(digest, default));
        Assert.True(await passphrases.FitsAsync(phc, digest, default));
    }

    [Fact]
    public async Task Only_the_same_digest_fits_whatever_it_costs_today()
    {
        using var before = new PassphraseVerifier(Cheap);
        using var today = new PassphraseVerifier(Cheap with { Argon2Passes = 2 });
        string phc = await before.HashAsync(digest, default);
        Assert.True(await today.FitsAsync(phc, digest, default));
        Assert.False(await today.FitsAsync(phc, new string('0', 64), default));
    }

    // Argon2id, version 19, of src/test.c in github.com/P-H-C/phc-winner-argon2.
    [Theory]
    [InlineData("password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")]
    [InlineData("password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")]
    [InlineData("password", "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg")]
    [InlineData("differentpassword",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94")]
    [InlineData("password", "$argon2id$v=19$m=65536,t=2,p=1$ZGlmZnNhbHQ$vfMrBczELrFdWP0ZsfhWsRPaHppYdP3MVEMIVlqoFBw")]
    public async Task It_is_the_argon2id_of_the_reference_implementation(string secret, string phc)
    {
        using var passphrases = new PassphraseVerifier(Cheap);
        byte[] bytes = Encoding.ASCII.GetBytes(secret);
        Assert.True(await passphrases.FitsAsync(phc, Convert.ToHexString(bytes), default));
        Assert.False(
            await passphrases.FitsAsync(phc, Convert.ToHexString([.. bytes[..^1], (byte)(bytes[^1] ^ 1)]), default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("$argon2id$")]
    [InlineData("$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")]
    [InlineData("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR")]
    public async Task A_damaged_verifier_fits_nothing(string phc)
    {
        using var passphrases = new PassphraseVerifier(Cheap);
        Assert.False(await passphrases.FitsAsync(phc, Convert.ToHexString("password"u8), default));
    }

    [Fact]
    public async Task As_many_wait_as_the_limit_says_and_the_others_are_refused()
    {
        using var passphrases = new PassphraseVerifier(
            Cheap with { Argon2AtOnce = 1, Argon2Waiting = 2, Argon2Kibibytes = 4096 });
        Task<string>[] calls = [.. Enumerable.Range(0, 30).Select(_ => passphrases.HashAsync(digest, default))];
        Task ended = Task.WhenAll(calls);
        await Assert.ThrowsAsync<ShareRpcException>(() => ended);
        Assert.True(calls.Count(call => call.IsCompletedSuccessfully) >= 3);
        Assert.All(ended.Exception!.InnerExceptions, error => Assert.Equal(
            (ErrorCode.Overloaded, ServerLimits.Default.OverloadedRetryAfter),
            (Assert.IsType<ShareRpcException>(error).Code, ((ShareRpcException)error).RetryAfter)));
        Assert.NotNull(await passphrases.HashAsync(digest, default));
    }
}
