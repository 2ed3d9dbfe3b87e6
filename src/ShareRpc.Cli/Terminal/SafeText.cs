using System.Globalization;
using System.Text;

namespace ShareRpc.Cli.Terminal;

/// <summary>Removes control characters, direction overrides and invisible characters of untrusted text.</summary>
internal static class SafeText
{
    /// <summary>Keeps line breaks; replaces tabs.</summary>
    public static string Block(string text)
    {
        var safe = new StringBuilder(text.Length);
        foreach (Rune rune in text.Replace("\r\n", "\n", StringComparison.Ordinal).EnumerateRunes())
        {
            if (rune.Value == '\n' || IsPrintable(rune)) safe.Append(rune);
            else if (rune.Value == '\t') safe.Append("    ");
        }

        return safe.ToString();
    }

    /// <summary>
    /// Returns the text as one line of at most <paramref name="maxLength"/> characters; breaks become spaces, and a cut
    /// ends with an ellipsis.
    /// </summary>
    public static string Line(string text, int maxLength = 200)
    {
        string line = Block(text).Replace('\n', ' ').Trim();
        if (line.Length <= maxLength) return line;
        int length = char.IsHighSurrogate(line[maxLength - 2]) ? maxLength - 2 : maxLength - 1;
        return line[..length] + "…";
    }

    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator => false,

        // Keep only joiners (emoji, Indic and Persian text).
        UnicodeCategory.Format => rune.Value is 0x200C or 0x200D,
        UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned => false,
        _ => true,
    };
}
