using System.Text;

namespace ShareRpc.Tests.Tidy;

/// <summary>
/// C# with its comments and literals blanked out, line for line: what is left is code, so that braces and names can be counted. The code
/// in the
/// holes of interpolated strings stays.
/// </summary>
internal sealed class CSharpText
{
    private readonly string source;
    private readonly StringBuilder code;
    private int at;

    private CSharpText(string source)
    {
        this.source = source;
        code = new StringBuilder(source.Length);
    }

    public static string CodeOf(string source)
    {
        var text = new CSharpText(source);
        text.CopyCode(closingBraces: 0);
        return text.code.ToString();
    }

    /// <summary>Copies code up to the end, or up to the braces that close a hole.</summary>
    private void CopyCode(int closingBraces)
    {
        int open = 0;
        while (at < source.Length)
        {
            if (Has("//")) Blank(EndOf("\n", include: false));
            else if (Has("/*")) Blank(EndOf("*/", include: true));
            else if (source[at] == '\'') BlankQuoted('\'');
            else if (IsString(out int dollars, out bool verbatim, out int quotes)) CopyString(dollars, verbatim, quotes);
            else if (closingBraces > 0 && open == 0 && source[at] == '}') return;
            else
            {
                open += source[at] switch { '{' => 1, '}' => -1, _ => 0 };
                code.Append(source[at++]);
            }
        }
    }

    private bool IsString(out int dollars, out bool verbatim, out int quotes)
    {
        int i = at;
        dollars = 0;
        verbatim = false;
        quotes = 0;
        for (; i < source.Length && source[i] is '$' or '@'; i++)
        {
            if (source[i] == '$') dollars++;
            else verbatim = true;
        }

        for (; i < source.Length && source[i] == '"'; i++) quotes++;
        return quotes > 0;
    }

    private void CopyString(int dollars, bool verbatim, int quotes)
    {
        Blank(at + dollars + (verbatim ? 1 : 0));
        bool isRaw = quotes >= 3;
        if (!isRaw && quotes == 2)
        {
            Blank(at + 2); // the empty string
            return;
        }

        string end = new('"', isRaw ? quotes : 1);
        Blank(at + end.Length);
        while (at < source.Length)
        {
            if (!isRaw && !verbatim && source[at] == '\\') Blank(at + 2);
            else if (verbatim && Has("\"\"")) Blank(at + 2);
            else if (Has(end))
            {
                Blank(at + end.Length);
                return;
            }
            else if (dollars > 0 && source[at] == '{') CopyHole(dollars, isRaw);
            else Blank(at + 1);
        }
    }

    private void CopyHole(int dollars, bool isRaw)
    {
        int braces = 0;
        while (at + braces < source.Length && source[at + braces] == '{') braces++;
        int needed = isRaw ? dollars : 1;
        if (isRaw ? braces < needed : braces % 2 == 0)
        {
            Blank(at + braces);
            return;
        }

        Blank(at + braces);
        CopyCode(needed);
        Blank(Math.Min(source.Length, at + needed));
    }

    private void BlankQuoted(char quote)
    {
        int end = at + 1;
        while (end < source.Length && source[end] != quote) end += source[end] == '\\' ? 2 : 1;
        Blank(Math.Min(source.Length, end + 1));
    }

    private bool Has(string text) => string.CompareOrdinal(source, at, text, 0, text.Length) == 0;

    private int EndOf(string text, bool include)
    {
        int found = source.IndexOf(text, at, StringComparison.Ordinal);
        if (found < 0) return source.Length;
        return include ? found + text.Length : found;
    }

    private void Blank(int end)
    {
        for (; at < end && at < source.Length; at++) code.Append(source[at] == '\n' ? '\n' : ' ');
    }
}
