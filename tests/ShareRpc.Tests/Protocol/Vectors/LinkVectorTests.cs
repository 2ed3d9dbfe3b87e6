using System.Text.Json;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Tests.Protocol.Vectors;

public sealed class LinkVectorTests
{
    public static TheoryData<string> Ids => VectorSuite.Ids("links");

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_link_is_read_and_written_as_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("links")[id];
        bool parsed = ShareLink.TryParse(vector.Input.GetString(), out ShareLink? link);
        Assert.Equal(vector.Expect.ValueKind != JsonValueKind.Null, parsed);
        if (!parsed) return;
        string token = vector.Expect.GetProperty("token").GetString()!;
        Assert.Equal(new Uri(vector.Expect.GetProperty("server").GetString()!), link!.Server);
        Assert.Equal(vector.Expect.GetProperty("share_id").GetString(), link.ShareId);
        Assert.Equal(token, link.Token.Reveal());
        Assert.Equal(vector.Expect.GetProperty("text").GetString(), link.Reveal());
        Assert.DoesNotContain(token.Substring(28, 43), link.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(token, link.Server.ToString(), StringComparison.Ordinal);
    }
}
