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
        if (parsed) IsAs(vector.Expect, link!);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_link_is_found_in_what_surrounds_it_as_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("links")[id];

        bool isFound = LinkFinder.TryFind(vector.Input.GetString(), out ShareLink? link);

        Assert.Equal(vector.Found.ValueKind != JsonValueKind.Null, isFound);
        if (isFound) IsAs(vector.Found, link!);
    }

    [Fact]
    public void A_long_text_that_looks_like_links_takes_no_longer_than_its_length_allows()
    {
        string[] parts = ["http://x/", "https://x/s/0000000000000000000000?", "=\n>", "%25", "https:///share/srpc_"];
        foreach (string part in parts)
        {
            string text = "http" + string.Concat(Enumerable.Repeat(part, (LinkFinder.MaxLength / part.Length) - 1));
            long start = TimeProvider.System.GetTimestamp();
            Assert.False(LinkFinder.TryFind(text, out _));
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(30), part);
        }
    }

    private static void IsAs(JsonElement expected, ShareLink link)
    {
        string token = expected.GetProperty("token").GetString()!;
        Assert.Equal(new Uri(expected.GetProperty("server").GetString()!), link.Server);
        Assert.Equal(expected.GetProperty("share_id").GetString(), link.ShareId);
        Assert.Equal(token, link.Token.Reveal());
        if (expected.TryGetProperty("text", out JsonElement text)) Assert.Equal(text.GetString(), link.Reveal());
        Assert.DoesNotContain(token.Substring(28, 43), link.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(token, link.Server.ToString(), StringComparison.Ordinal);
    }
}
