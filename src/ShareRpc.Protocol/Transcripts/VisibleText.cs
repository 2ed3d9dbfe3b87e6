using System.Globalization;
using System.Text;

namespace ShareRpc.Protocol.Transcripts;

/// <summary>
/// Text of strangers for a reader that is a program: without characters that people do not see, which could say
/// something to a model that its user does not read.
/// </summary>
internal static class VisibleText
{
    /// <summary>Returns the text without invisible characters; lines and tabs stay.</summary>
    public static string Of(string text)
    {
        StringBuilder? visible = null;
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsVisible(rune)) visible?.Append(rune);
            else visible ??= new StringBuilder(text, 0, at, text.Length);
            at += rune.Utf16SequenceLength;
        }

        return visible?.ToString() ?? text;
    }

    /// <summary>Returns the text as one line, cut at so many characters.</summary>
    public static string Line(string text, int maxLength = 200)
    {
        string line = Of(text.Length > 8 * maxLength ? text[..(8 * maxLength)] : text)
            .ReplaceLineEndings(" ").Replace('\t', ' ').Trim();
        return Cut(line, maxLength) + (line.Length > maxLength ? "…" : "");
    }

    /// <summary>Returns the begin of a text, of whole characters.</summary>
    public static string Cut(string text, int maxLength)
    {
        if (text.Length <= maxLength) return text;
        return text[..(maxLength > 0 && char.IsHighSurrogate(text[maxLength - 1]) ? maxLength - 1 : maxLength)];
    }

    /// <summary>Returns what follows an offset and takes at most so many bytes, but at least a character.</summary>
    public static string CutBytes(string text, int offset, int maxBytes)
    {
        string rest = text[Math.Min(offset, text.Length)..];
        int length = 0;
        int bytes = 0;
        foreach (Rune rune in rest.EnumerateRunes())
        {
            if (length > 0 && bytes + rune.Utf8SequenceLength > maxBytes) break;
            bytes += rune.Utf8SequenceLength;
            length += rune.Utf16SequenceLength;
        }

        return rest[..Math.Min(length, rest.Length)];
    }

    private static bool IsVisible(Rune rune) => rune.Value is '\n' or '\t' || Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned => false,
        UnicodeCategory.Format => rune.Value is 0x200C or 0x200D, // joiners: emoji, Indic and Persian text
        // Selectors of variants beyond the sixteen in use carry bytes that nobody sees.
        UnicodeCategory.NonSpacingMark => rune.Value is < 0xE0100 or > 0xE01EF,
        _ => true,
    };
}
