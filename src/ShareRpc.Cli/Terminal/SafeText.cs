using System.Buffers;
using System.Globalization;
using System.Text;

namespace ShareRpc.Cli.Terminal;

/// <summary>
/// Text of strangers, made fit for a terminal: what a terminal would have shown, without its codes (so no escape
/// sequence that moves the cursor, rewrites the title or fills the clipboard), without direction overrides and without
/// invisible characters that make text read as something else.
/// </summary>
internal static class SafeText
{
    public const string Tab = "    ";

    private static readonly SearchValues<char> Codes = SearchValues.Create(
        [.. Enumerable.Range(0, 0xA0).Select(code => (char)code).Where(char.IsControl).Except("\n\t")]);

    /// <summary>Returns whether a terminal would do something with the text beside showing it.</summary>
    public static bool HasCodes(ReadOnlySpan<char> text) => text.ContainsAny(Codes);

    /// <summary>
    /// Returns what a terminal would show of the text, without control characters but line breaks; tabs become spaces.
    /// </summary>
    public static string Block(string text)
    {
        text = text.Replace("\r\n", "\n", StringComparison.Ordinal);
        if (HasCodes(text)) return ScreenText.Of(text);
        var safe = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value == '\n' || IsPrintable(rune)) safe.Append(rune);
            else if (rune.Value == '\t') safe.Append(Tab);
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

    public static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator => false,

        // Keep only joiners (emoji, Indic and Persian text).
        UnicodeCategory.Format => rune.Value is 0x200C or 0x200D,
        UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned => false,
        _ => true,
    };
}
