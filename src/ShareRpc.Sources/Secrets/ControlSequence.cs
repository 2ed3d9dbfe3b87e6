using System.Buffers;

namespace ShareRpc.Sources.Secrets;

/// <summary>What a control sequence of a terminal is.</summary>
internal enum ControlKind
{
    /// <summary>One that is its own end.</summary>
    Single,

    /// <summary>A selection of a character set, and the like.</summary>
    Selection,

    /// <summary>Parameters and a final character, such as a colour.</summary>
    Csi,

    /// <summary>Text that is not shown, such as a title or the address of a link.</summary>
    String,
}

/// <summary>A control sequence of a terminal (ECMA-48, 7 and 8 bits) at the beginning of a text.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">Length of what introduces it.</param>
/// <param name="Length">Length with its end; without one, up to where it can go on no more.</param>
/// <param name="IsWhole">Whether it has its end.</param>
internal readonly record struct ControlSequence(ControlKind Kind, int Start, int Length, bool IsWhole)
{
    public const char Escape = '\u001b';
    private const char StringEnd = '\u009c';

    /// <summary>What ends a string, or shows that it is none.</summary>
    private static readonly SearchValues<char> StringStops = SearchValues.Create(
        [.. Enumerable.Range(0, 0xA0).Select(code => (char)code).Where(char.IsControl)]);

    /// <summary>Reads the sequence at the beginning of a text, in time linear in its length.</summary>
    /// <param name="text">Begins with the sequence.</param>
    /// <param name="escape">Length of its escape character; 0 for a sequence that begins with its 8-bit form.</param>
    public static ControlSequence Read(ReadOnlySpan<char> text, int escape = 1)
    {
        if (text.Length == escape) return new(ControlKind.Single, escape, escape, IsWhole: false);
        int start = escape + 1;
        char kind = escape > 0 ? text[escape] : (char)(text[0] - 0x40);
        if (kind == '[') return ReadCsi(text, start);
        if (kind is ']' or 'P' or 'X' or '^' or '_') return ReadString(text, start);
        if (escape == 0) return new(ControlKind.Single, 1, 1, IsWhole: true);
        int end = Skip(text, escape, ' ', '/');
        bool isWhole = end < text.Length && text[end] is >= '0' and <= '~';
        return new(end > escape ? ControlKind.Selection : ControlKind.Single, escape, isWhole ? end + 1 : end, isWhole);
    }

    private static ControlSequence ReadCsi(ReadOnlySpan<char> text, int start)
    {
        int end = Skip(text, Skip(text, start, '0', '?'), ' ', '/');
        bool isWhole = end < text.Length && text[end] is >= '@' and <= '~';
        return new(ControlKind.Csi, start, isWhole ? end + 1 : end, isWhole);
    }

    private static ControlSequence ReadString(ReadOnlySpan<char> text, int start)
    {
        int length = text[start..].IndexOfAny(StringStops);
        int end = length < 0 ? text.Length : start + length;
        return text[end..] switch
        {
            ['\a' or StringEnd, ..] => new(ControlKind.String, start, end + 1, IsWhole: true),
            [Escape, '\\', ..] => new(ControlKind.String, start, end + 2, IsWhole: true),
            [Escape, _, ..] => new(ControlKind.String, start, end, IsWhole: true),
            _ => new(ControlKind.String, start, end, IsWhole: false),
        };
    }

    private static int Skip(ReadOnlySpan<char> text, int at, char first, char last)
    {
        int length = text[at..].IndexOfAnyExceptInRange(first, last);
        return length < 0 ? text.Length : at + length;
    }
}
