using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Tests.Sources.Opencode;

public sealed class SessionDocumentTests
{
    [Fact]
    public void The_link_of_the_share_is_left_out_when_it_holds_a_token()
    {
        ShareToken token = ShareToken.New(RandomId.New());
        Assert.False(ShareOf($"https://example.org/share/{token.Reveal()}", out _));
        Assert.True(ShareOf("https://opncd.ai/share/fFVMs6Nb", out string? url));
        Assert.Equal("https://opncd.ai/share/fFVMs6Nb", url);
        Assert.False(ShareOf(null, out _));
    }

    private static bool ShareOf(string? column, out string? url)
    {
        var row = new Dictionary<string, object?> { ["id"] = "ses_1", ["share_url"] = column };
        using JsonDocument document = SessionDocument.Build(row).ToDocument();
        url = document.RootElement.TryGetProperty("share", out JsonElement share)
            ? share.GetProperty("url").GetString() : null;
        return url is not null;
    }
}
