using System.Text;
using ShareRpc.Server.Access.Redeeming;

namespace ShareRpc.Tests.Server.Access.Redeeming;

public sealed class Argon2Tests
{
    // Argon2id, version 19, of src/test.c in github.com/P-H-C/phc-winner-argon2. The vector of RFC 9106 section 5.3 has a secret and
    // associated data, which the encoded strings cannot express.
    [Theory]
    [InlineData(2, 65_536, 1, "password", "somesalt",
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")]
    [InlineData(2, 256, 1, "password", "somesalt", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")]
    [InlineData(2, 256, 2, "password", "somesalt", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")]
    [InlineData(1, 65_536, 1, "password", "somesalt",
    "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg")]
    [InlineData(2, 65_536, 1, "differentpassword", "somesalt",
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94")]
    [InlineData(2, 65_536, 1, "password", "diffsalt",
    "$argon2id$v=19$m=65536,t=2,p=1$ZGlmZnNhbHQ$vfMrBczELrFdWP0ZsfhWsRPaHppYdP3MVEMIVlqoFBw")]
    public void It_is_the_argon2id_of_the_reference_implementation(
        uint passes, uint memoryKiB, uint lanes, string secret, string salt, string phc)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(secret);
        Assert.Equal(phc, Argon2.Hash(bytes, Encoding.ASCII.GetBytes(salt), passes, memoryKiB, lanes, 32));
        Assert.True(Argon2.Verify(phc, bytes));
        Assert.False(Argon2.Verify(phc, [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]));
    }

    [Fact]
    public void A_verifier_has_the_recommended_cost_and_a_salt_of_its_own()
    {
        byte[] secret = [1, 2, 3];
        string phc = Argon2.Hash(secret, 2, 19_456);
        Assert.StartsWith("$argon2id$v=19$m=19456,t=2,p=1$", phc, StringComparison.Ordinal);
        Assert.NotEqual(phc, Argon2.Hash(secret, 2, 19_456));
        Assert.True(Argon2.Verify(phc, secret));
        Assert.False(Argon2.Verify(phc, [1, 2, 4]));
        Assert.False(Argon2.Verify(phc, []));
    }

    [Theory]
    [InlineData("")]
    [InlineData("$argon2id$")]
    [InlineData("$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")]
    [InlineData("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR")]
    public void A_damaged_verifier_fits_nothing(string phc) => Assert.False(Argon2.Verify(phc, "password"u8));
}
