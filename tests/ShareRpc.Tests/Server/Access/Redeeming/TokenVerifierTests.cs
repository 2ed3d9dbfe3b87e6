using System.Security.Cryptography;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Access.Redeeming;

public sealed class TokenVerifierTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly TokenVerifier tokens;
    private readonly ShareToken token = ShareToken.New(RandomId.New());

    public TokenVerifierTests()
    {
        tokens = TokenVerifier.Open(directory.Path, isNew: true);
    }

    [Fact]
    public void A_token_fits_its_own_verifier_and_no_other_does()
    {
        byte[] verifier = tokens.Of(token.Digest);
        Assert.Equal(32, verifier.Length);
        Assert.True(tokens.Fits(verifier, token.Digest));
        Assert.False(tokens.Fits(verifier, ShareToken.New(token.CapId).Digest));
        Assert.False(tokens.Fits(null, token.Digest));
        Assert.False(tokens.Fits(new byte[32], token.Digest));
        Assert.False(tokens.Fits(TokenVerifier.None(), token.Digest));
        Assert.False(tokens.Fits(verifier[..31], token.Digest));
    }

    [Fact]
    public void A_verifier_tells_neither_token_nor_digest()
    {
        string verifier = Convert.ToHexStringLower(tokens.Of(token.Digest));
        Assert.NotEqual(token.Digest, verifier);
        Assert.NotEqual(Convert.ToHexStringLower(SHA256.HashData(Convert.FromHexString(token.Digest))), verifier);
    }

    [Fact]
    public void Without_the_same_key_nothing_fits()
    {
        byte[] verifier = tokens.Of(token.Digest);
        using var otherDirectory = new TemporaryDirectory();
        Assert.False(TokenVerifier.Open(otherDirectory.Path, isNew: true).Fits(verifier, token.Digest));
        Assert.True(TokenVerifier.Open(directory.Path, isNew: false).Fits(verifier, token.Digest));
    }

    public void Dispose() => directory.Dispose();
}
