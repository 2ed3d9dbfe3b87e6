using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ShareRpc.Protocol.Tokens;

/// <summary>
/// Finds a link in what people pass on, whatever programs on its way have put around or into it (SPEC [LINK-4]). The
/// token's checksum says whether all of it is there.
/// </summary>
public static partial class LinkFinder
{
    /// <summary>The longest text that is looked at, in characters.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>Returns false if there is no link in the text, or if the text is too long.</summary>
    public static bool TryFind(string? text, [NotNullWhen(true)] out ShareLink? link)
    {
        link = null;
        if (text is null or { Length: > MaxLength }) return false;
        string joined = OnTheWay().Replace(text, "");
        foreach (string candidate in (string[])[text, Decoded(text), joined, Decoded(joined)])
        {
            foreach (Match match in Link().Matches(candidate))
            {
                string place = match.Groups[2].Success ? $"s/{match.Groups[2].Value}#" : "share/";
                string found = $"{match.Groups[1].Value}/{place}{match.Groups[3].Value}";
                if (ShareLink.TryParse(found, out link)) return true;
            }
        }

        return false;
    }

    /// <summary>Undoes the percent encoding of ASCII characters, however often it was applied.</summary>
    private static string Decoded(string text) => Encoded().Replace(text, match =>
        ((char)byte.Parse(match.Groups[1].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))
            .ToString());

    /// <summary>A share's path and a token behind an address, with a query and an encoded <c>#</c>.</summary>
    [GeneratedRegex(
        """(https?://(?:(?!https?://)[^\s<>"?#])+?)/(?:s/([0-9A-Za-z]{22})/?(?:\?[^\s#]{0,2048}?)?"""
            + @"(?:#|%(?:25)*23|\*|&#35;)|share/)(srpc_[0-9A-Za-z]{22}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6})",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Link();

    /// <summary>
    /// A line break of a mail program, with its quotation marks, characters without width, a backslash of Markdown.
    /// </summary>
    [GeneratedRegex(@"=?\r?\n[ \t>|]*|[\u00ad\u200b-\u200d\u2060\ufeff]|\\(?=[_#])")]
    private static partial Regex OnTheWay();

    [GeneratedRegex("%(?:25)*([2-7][0-9a-f])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Encoded();
}
