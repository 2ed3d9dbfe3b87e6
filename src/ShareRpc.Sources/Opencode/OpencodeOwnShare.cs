using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// A share that opencode made over the HTTP API, as its <c>session_share</c> row has it: what opencode's requests
/// missed is brought into this share, not into another one beside it.
/// </summary>
/// <param name="SessionId">opencode's id of the session.</param>
/// <param name="Append">The link made of the row's id and secret; it may append and nothing else.</param>
/// <param name="Read">The link made of the row's url, which may read.</param>
public sealed record OpencodeOwnShare(string SessionId, ShareLink Append, ShareLink Read)
{
    private const string Page = "/share/";

    internal static OpencodeOwnShare? Of(string sessionId, string id, string secret, string url)
    {
        if (!RandomId.IsValid(id) || !ShareToken.TryParse(secret, out ShareToken? append)) return null;
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? page) || page.Scheme is not ("http" or "https")) return null;
        int at = page.AbsolutePath.LastIndexOf(Page, StringComparison.Ordinal);
        if (at < 0 || !ShareToken.TryParse(page.AbsolutePath[(at + Page.Length)..], out ShareToken? read)) return null;
        var server = new Uri(page.GetLeftPart(UriPartial.Authority) + page.AbsolutePath[..at]);
        return new OpencodeOwnShare(sessionId, new ShareLink(server, id, append), new ShareLink(server, id, read));
    }
}
