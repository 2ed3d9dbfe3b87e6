using System.Diagnostics.CodeAnalysis;
using ShareRpc.Protocol.Ids;

namespace ShareRpc.Protocol.Tokens;

/// <summary>
/// What people pass on: <c>https://host/s/{share_id}#{token}</c>. The token is in the fragment, which no HTTP request carries.
/// <see cref="ToString"/> does not reveal it; only <see cref="Reveal"/> does.
/// </summary>
public sealed record ShareLink
{
    /// <summary>A link to a share on a server. The server's own path, if any, is kept in front of <c>/s/</c>.</summary>
    public ShareLink(Uri server, string shareId, ShareToken token)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(token);
        Server = server;
        ShareId = shareId;
        Token = token;
    }

    /// <summary>Where the share lives: an absolute http or https address without query or fragment.</summary>
    public Uri Server { get; }

    public string ShareId { get; }

    public ShareToken Token { get; }

    /// <summary>False for anything that is not such a link.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ShareLink? link)
    {
        link = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https")) return false;
        if (uri.Query.Length > 0 || uri.UserInfo.Length > 0) return false;
        if (!ShareToken.TryParse(uri.Fragment.Length > 0 ? uri.Fragment[1..] : null, out ShareToken? token)) return false;
        int at = uri.AbsolutePath.LastIndexOf("/s/", StringComparison.Ordinal);
        string shareId = at < 0 ? "" : uri.AbsolutePath[(at + 3)..];
        if (!RandomId.IsValid(shareId)) return false;
        link = new ShareLink(new Uri(uri.GetLeftPart(UriPartial.Authority) + uri.AbsolutePath[..at]), shareId, token);
        return true;
    }

    /// <summary>The link with its token.</summary>
    public string Reveal() => $"{Address}#{Token.Reveal()}";

    /// <summary>The link without its secret.</summary>
    public override string ToString() => $"{Address}#{Token}";

    private string Address => $"{Server.GetLeftPart(UriPartial.Path).TrimEnd('/')}/s/{ShareId}";
}
