using System.Globalization;
using System.Text;

namespace ShareRpc.Sources.Secrets;

/// <summary>
/// Decodes JSON strings; accepts lone surrogates and invalid UTF-8, because agents cut text anywhere.
/// </summary>
internal static class JsonText
{
    private const int EscapeLength = 2;
    private const int UnicodeEscapeLength = 6;

    /// <summary>Writes at most one unit per byte; returns the count.</summary>
    public static int Decode(ReadOnlySpan<byte> raw, Span<char> text)
    {
        int length = 0;
        while (true)
        {
            int escape = raw.IndexOf((byte)'\\');
            length += Encoding.UTF8.GetChars(escape < 0 ? raw : raw[..escape], text[length..]);
            if (escape < 0) return length;
            raw = raw[escape..];
            text[length++] = Unescaped(raw);
            raw = raw[LengthOfEscape(raw)..];
        }
    }

    /// <summary>
    /// Moves from where <paramref name="units"/> units have been passed to the place of a later unit. Inside a pair: to
    /// the end of it.
    /// </summary>
    public static void Advance(ReadOnlySpan<byte> raw, ref int bytes, ref int units, int toUnit)
    {
        while (units < toUnit)
        {
            if (raw[bytes] == (byte)'\\')
            {
                bytes += LengthOfEscape(raw[bytes..]);
                units++;
                continue;
            }

            Rune.DecodeFromUtf8(raw[bytes..], out Rune rune, out int consumed);
            bytes += consumed;
            units += rune.Utf16SequenceLength;
        }
    }

    private static int LengthOfEscape(ReadOnlySpan<byte> raw) =>
        raw[1] == (byte)'u' ? UnicodeEscapeLength : EscapeLength;

    private static char Unescaped(ReadOnlySpan<byte> raw) => (char)raw[1] switch
    {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\b',
        'f' => '\f',
        'u' => (char)ushort.Parse(raw[2..UnicodeEscapeLength], NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture),
        char itself => itself,
    };
}
