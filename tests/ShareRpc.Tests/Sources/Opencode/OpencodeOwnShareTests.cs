using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Tests.Sources.Opencode;

public sealed class OpencodeOwnShareTests
{
    private readonly string id = RandomId.New();
    private readonly ShareToken append = ShareToken.New(RandomId.New());
    private readonly ShareToken read = ShareToken.New(RandomId.New());

    [Theory]
    [InlineData("https://share.example.org", "https://share.example.org/")]
    [InlineData("http://127.0.0.1:8787/base", "http://127.0.0.1:8787/base")]
    public void A_row_of_this_servers_making_gives_a_link_that_appends_and_one_that_reads(string address, string server)
    {
        OpencodeOwnShare own = OpencodeOwnShare.Of("ses_1", id, append.Reveal(), $"{address}/share/{read.Reveal()}")!;
        Assert.Equal(("ses_1", server, server),
            (own.SessionId, own.Append.Server.ToString(), own.Read.Server.ToString()));
        Assert.Equal($"{address}/s/{id}#{append.Reveal()}", own.Append.Reveal());
        Assert.Equal($"{address}/s/{id}#{read.Reveal()}", own.Read.Reveal());
    }

    [Fact]
    public void A_row_of_another_services_making_is_none_of_ours()
    {
        string url = $"https://share.example.org/share/{read.Reveal()}";
        Assert.NotNull(OpencodeOwnShare.Of("ses_1", id, append.Reveal(), url));
        Assert.Null(OpencodeOwnShare.Of("ses_1", "AbCd1234", append.Reveal(), url));
        Assert.Null(OpencodeOwnShare.Of("ses_1", id, "0198c2f0-7b1e-4c55-9d0e-5f3f6c1a2b3c", url));
        Assert.Null(OpencodeOwnShare.Of("ses_1", id, append.Reveal(), "https://opncd.ai/share/AbCd1234"));
        Assert.Null(OpencodeOwnShare.Of("ses_1", id, append.Reveal(), "not an address"));
        Assert.Null(
            OpencodeOwnShare.Of("ses_1", id, append.Reveal(), $"ftp://share.example.org/share/{read.Reveal()}"));
        Assert.Null(OpencodeOwnShare.Of("ses_1", id, append.Reveal(), $"https://share.example.org/s/{read.Reveal()}"));
    }
}
