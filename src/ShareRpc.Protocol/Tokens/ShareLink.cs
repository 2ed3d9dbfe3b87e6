using System.Diagnostics.CodeAnalysis;
using ShareRpc.Protocol.Ids;

namespace ShareRpc.Protocol.Tokens;

/// <summary>A link <c>https://host/s/{share_id}#{token}</c>, or opencode's <c>https://host/share/{token}</c>.</summary>
public sealed record ShareLink
{
    private const string OfOpencode = "/share/";

    /// <summary>Creates a link; keeps the server's path.</summary>
    public ShareLink(Uri server, string shareId, ShareToken token)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(token);
        Server = server;
        ShareId = shareId;
        Token = token;
    }

    /// <summary>Gets the server's http or https address.</summary>
    public Uri Server { get; }

    /// <summary>Gets the share; empty for opencode's links.</summary>
    public string ShareId { get; }

    public ShareToken Token { get; }

    /// <summary>Parses a link.</summary>
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

    /// <summary>Returns the link with token.</summary>
    public string Reveal() => Address + Token.Reveal();

    /// <summary>Returns the link without secret.</summary>
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
