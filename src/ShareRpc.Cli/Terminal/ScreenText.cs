using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Cli.Terminal;

/// <summary>
/// The lines that a terminal would show of a text: colours and titles are left out, carriage returns, backspaces and
/// moves of the cursor have their effect. What was cleared with the whole screen stays, as in a terminal's history.
/// Takes time linear in the text.
/// </summary>
internal sealed class ScreenText
{
    /// <summary>The right edge, for moves beyond the end of a line.</summary>
    private const int Width = 200;

    /// <summary>The largest number of characters that one sequence erases.</summary>
    private const int MaxErased = 4096;

    private static readonly Rune Space = new(' ');
    private readonly List<List<Rune>> rows = [[]];
    private int y;
    private int x;

    private ScreenText()
    {
    }

    private List<Rune> Row => rows[y];

    /// <summary>Returns the lines, separated by <c>\n</c>.</summary>
    public static string Of(ReadOnlySpan<char> text)
    {
        var screen = new ScreenText();
        while (!text.IsEmpty)
        {
            Rune.DecodeFromUtf16(text, out Rune rune, out int length);
            bool isSequence = rune.Value is ControlSequence.Escape or (>= 0x80 and <= 0x9f);
            text = isSequence ? screen.Take(text) : text[length..];
            if (!isSequence) screen.Put(rune);
        }

        var shown = new StringBuilder();
        foreach (List<Rune> row in screen.rows)
        {
            foreach (Rune rune in row) shown.Append(rune);
            shown.Append('\n');
        }

        return shown.ToString(0, shown.Length - 1);
    }

    private void Put(Rune rune)
    {
        switch (rune.Value)
        {
            case '\n':
                if (++y == rows.Count) rows.Add([]);
                x = 0;
                break;
            case '\r':
                x = 0;
                break;
            case '\b':
                x = Math.Max(0, x - 1);
                break;
            case '\t':
                for (int i = 0; i < SafeText.Tab.Length; i++) Write(Space);
                break;
            default:
                if (SafeText.IsPrintable(rune)) Write(rune);
                break;
        }
    }

    private void Write(Rune rune)
    {
        while (Row.Count < x) Row.Add(Space);
        if (x == Row.Count) Row.Add(rune);
        else Row[x] = rune;
        x++;
    }

    /// <summary>Takes a control sequence, and returns the text behind it.</summary>
    private ReadOnlySpan<char> Take(ReadOnlySpan<char> text)
    {
        ControlSequence sequence = ControlSequence.Read(text, text[0] == ControlSequence.Escape ? 1 : 0);
        if (!sequence.IsWhole) return text[(sequence.Length == text.Length ? sequence.Length : sequence.Start)..];
        if (sequence.Kind == ControlKind.Csi)
            Do(text[sequence.Length - 1], text[sequence.Start..(sequence.Length - 1)]);
        return text[sequence.Length..];
    }

    private void Do(char final, ReadOnlySpan<char> parameters)
    {
        int first = int.TryParse(
            parameters.IndexOf(';') is >= 0 and int at ? parameters[..at] : parameters, NumberStyles.None,
            CultureInfo.InvariantCulture, out int number) ? Math.Min(number, MaxErased) : 0;
        int count = Math.Max(1, first);
        switch (final)
        {
            case 'A' or 'F':
                y = Math.Max(0, y - count);
                break;
            case 'B' or 'E':
                y = Math.Min(rows.Count - 1, y + count);
                break;
            case 'C':
                x = Math.Min(x + count, Math.Max(Row.Count, Width));
                break;
            case 'D':
                x = Math.Max(0, x - count);
                break;
            case 'G':
                x = Math.Min(count - 1, Math.Max(Row.Count, Width));
                break;
            case 'K':
                EraseInLine(first);
                break;
            case 'X':
                for (int i = x; i < Math.Min(Row.Count, x + count); i++) Row[i] = Space;
                break;
            case 'J' when first == 0:
                EraseInLine(0);
                rows.RemoveRange(y + 1, rows.Count - y - 1);
                break;
            case 'J' or 'H' or 'f':
                StartBelow();
                break;
        }

        if (final is 'E' or 'F') x = 0;
    }

    private void EraseInLine(int which)
    {
        if (which == 0 && x < Row.Count) Row.RemoveRange(x, Row.Count - x);
        else if (which == 2 || (which == 1 && x >= Math.Min(Row.Count, MaxErased))) Row.Clear();
        else if (which == 1) CollectionsMarshal.AsSpan(Row)[..(x + 1)].Fill(Space);
    }

    /// <summary>Goes on in an empty line below everything.</summary>
    private void StartBelow()
    {
        y = rows.Count - 1;
        x = 0;
        if (Row.Count == 0) return;
        rows.Add([]);
        y++;
    }
}
