using System.Diagnostics.CodeAnalysis;
using ShareRpc.Protocol.Ids;

namespace ShareRpc.Protocol.Tokens;

/// <summary>
/// What people pass on: <c>https://host/s/{share_id}#{token}</c>. The token is in the fragment, which no HTTP request
/// carries. Or what opencode shows its users, <c>https://host/share/{token}</c>, which names no share.
/// <see cref="ToString"/> does not reveal it; only <see cref="Reveal"/> does.
/// </summary>
public sealed record ShareLink
{
    private const string OfOpencode = "/share/";

    /// <summary>A link to a share on a server. The server's own path, if any, is kept in front of <c>/s/</c>.</summary>
    public ShareLink(Uri server, string shareId, ShareToken token)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(token);
        Server = server;
        ShareId = shareId;
        Token = token;
    }

    /// <summary>Gets where the share lives: an absolute http or https address without query or fragment.</summary>
    public Uri Server { get; }

    /// <summary>Gets the share; empty for a link of opencode's, whose redemption returns it.</summary>
    public string ShareId { get; }

    public ShareToken Token { get; }

    /// <summary>Returns false for anything that is not such a link.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ShareLink? link)
    {
        link = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https")) return false;
        if (uri.Query.Length > 0 || uri.UserInfo.Length > 0) return false;
        if (uri.Fragment.Length == 0) return TryParsePath(uri, out link);
        if (!ShareToken.TryParse(uri.Fragment.Length > 0 ? uri.Fragment[1..] : null, out ShareToken? token))
            return false;
        int at = uri.AbsolutePath.LastIndexOf("/s/", StringComparison.Ordinal);
        string shareId = at < 0 ? "" : uri.AbsolutePath[(at + 3)..];
        if (!RandomId.IsValid(shareId)) return false;
        link = new ShareLink(new Uri(uri.GetLeftPart(UriPartial.Authority) + uri.AbsolutePath[..at]), shareId, token);
        return true;
    }

    /// <summary>Returns the link with its token.</summary>
    public string Reveal() => Address + Token.Reveal();

    /// <summary>Returns the link without its secret.</summary>
    public override string ToString() => Address + Token;

    private string Address =>
        Server.GetLeftPart(UriPartial.Path).TrimEnd('/') + (ShareId.Length > 0 ? $"/s/{ShareId}#" : OfOpencode);

    private static bool TryParsePath(Uri uri, [NotNullWhen(true)] out ShareLink? link)
    {
        int at = uri.AbsolutePath.LastIndexOf(OfOpencode, StringComparison.Ordinal);
        bool isLink =
            ShareToken.TryParse(at < 0 ? null : uri.AbsolutePath[(at + OfOpencode.Length)..], out ShareToken? token);
        link = isLink
            ? new ShareLink(new Uri(uri.GetLeftPart(UriPartial.Authority) + uri.AbsolutePath[..at]), "", token!) : null;
        return isLink;
    }
}
