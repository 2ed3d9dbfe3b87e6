using System.Text.Json;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Tests.Protocol.Vectors;

public sealed class TokenVectorTests
{
    public static TheoryData<string> Ids => VectorSuite.Ids("tokens");

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_token_is_read_as_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("tokens")[id];
        string text = vector.Input.GetProperty("text").GetString()!;
        bool valid = vector.Expect.GetProperty("valid").GetBoolean();
        switch (vector.Input.GetProperty("kind").GetString())
        {
            case "digest":
                Assert.Equal(valid, ShareToken.IsDigest(text));
                break;
            case "passphrase":
                Assert.True(ShareToken.TryParse(text, out ShareToken? keyed));
                string passphrase = vector.Input.GetProperty("passphrase").GetString()!;
                Assert.Equal(vector.Expect.GetProperty("digest").GetString(), Passphrase.DigestOf(keyed, passphrase));
                break;
            default:
                Assert.Equal(valid, ShareToken.TryParse(text, out ShareToken? token));
                if (valid) AssertParts(vector.Expect, text, token!);
                break;
        }
    }

    private static void AssertParts(JsonElement expect, string text, ShareToken token)
    {
        Assert.Equal(text, token.Reveal());
        Assert.Equal(expect.GetProperty("cap_id").GetString(), token.CapId);
        Assert.Equal(expect.GetProperty("digest").GetString(), token.Digest);
        Assert.DoesNotContain(text.Substring(28, 43), token.ToString(), StringComparison.Ordinal);
    }
}
