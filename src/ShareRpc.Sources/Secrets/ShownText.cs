using System.Buffers;
using System.Globalization;
using System.Text;

namespace ShareRpc.Sources.Secrets;

/// <summary>
/// A text without the control sequences of terminals and without invisible characters, and where each of its characters
/// was. Takes time linear in the text.
/// </summary>
internal sealed class ShownText
{
    private const char HighSurrogateOfTags = '\udb40';

    /// <summary>How programs print an escape character as text, longest first.</summary>
    private static readonly string[] Spelled = [@"\u001b", @"\x1b", @"\033", @"\e", "^["];

    private static readonly SearchValues<char> Unseen = SearchValues.Create(
        [.. Enumerable.Range(0, char.MaxValue + 1).Select(code => (char)code).Where(IsUnseen), HighSurrogateOfTags]);

    private static readonly SearchValues<string> SpelledSequences = SearchValues.Create(
        [.. Spelled.SelectMany(start => new[] { start + "[", start + "]" })], StringComparison.OrdinalIgnoreCase);

    private readonly List<int> places = [];
    private readonly StringBuilder shown;

    private ShownText(ReadOnlySpan<char> text, bool isSpaced)
    {
        shown = new StringBuilder(text.Length);
        places.EnsureCapacity(text.Length);
        int at = 0;
        while (at < text.Length)
        {
            int length = LengthOfUnseen(text, at, isSpaced);
            if (length == 0)
            {
                Add(text[at], at);
                at++;
                continue;
            }

            if (isSpaced) Add(' ', at);
            else if (text[at] == '\b' && shown.Length > 0) RemoveLast();
            at += length;
        }

        Text = shown.ToString();
    }

    /// <summary>Gets what is left.</summary>
    public string Text { get; }

    /// <summary>Returns false if a text has nothing to leave out.</summary>
    public static bool MayDiffer(ReadOnlySpan<char> text) =>
        text.ContainsAny(Unseen) || text.ContainsAny(SpelledSequences) || HasBareColour(text);

    /// <summary>Returns the text as if the sequences were not there: what they split is whole again.</summary>
    public static ShownText Joined(ReadOnlySpan<char> text) => new(text, isSpaced: false);

    /// <summary>
    /// Returns the text with a space for each sequence: what they stood between is apart. The content of strings that a
    /// terminal does not show, such as the address of a link, stays.
    /// </summary>
    public static ShownText Spaced(ReadOnlySpan<char> text) => new(text, isSpaced: true);

    /// <summary>Returns where a span of <see cref="Text"/> was; what was left out inside is part of it.</summary>
    public SecretSpan InOriginal(SecretSpan span) => span with
    {
        Start = places[span.Start], End = places[span.End - 1] + 1,
    };

    private void Add(char character, int at)
    {
        shown.Append(character);
        places.Add(at);
    }

    private void RemoveLast()
    {
        shown.Length--;
        places.RemoveAt(places.Count - 1);
    }

    private static bool IsUnseen(char character) => character is not ('\t' or '\n' or '\r')
        && CharUnicodeInfo.GetUnicodeCategory(character) is UnicodeCategory.Control or UnicodeCategory.Format;

    /// <summary>Returns the length of what begins here and is not shown; 0 if the character is shown.</summary>
    private static int LengthOfUnseen(ReadOnlySpan<char> text, int at, bool isSpaced)
    {
        ReadOnlySpan<char> rest = text[at..];
        char first = rest[0];
        if (first == ControlSequence.Escape) return Math.Max(1, LengthOf(rest, 1, isSpaced));
        if (first is '\\' or '^')
        {
            foreach (string start in Spelled)
            {
                if (!rest.StartsWith(start, StringComparison.OrdinalIgnoreCase)) continue;
                return rest[start.Length..] is ['[' or ']', ..] ? LengthOf(rest, start.Length, isSpaced) : 0;
            }

            return 0;
        }

        if (first == '[') return LengthOfBareColour(rest);
        if (first is >= '\u0080' and <= '\u009f') return LengthOf(rest, 0, isSpaced);
        if (first != HighSurrogateOfTags) return Unseen.Contains(first) ? 1 : 0;
        return Rune.DecodeFromUtf16(rest, out Rune rune, out int length) == OperationStatus.Done
            && Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format ? length : 0;
    }

    /// <summary>Returns how much of a sequence is left out; of a string that is to be read only its start.</summary>
    private static int LengthOf(ReadOnlySpan<char> rest, int escape, bool isSpaced)
    {
        ControlSequence sequence = ControlSequence.Read(rest, escape);
        if (isSpaced && sequence.Kind == ControlKind.Single && escape > 0) return escape; // a letter may begin a secret
        bool isSkipped = sequence.IsWhole && !(isSpaced && sequence.Kind == ControlKind.String);
        return isSkipped ? sequence.Length : sequence.Start;
    }

    private static bool HasBareColour(ReadOnlySpan<char> text)
    {
        for (int at = text.IndexOf('['); at >= 0;)
        {
            if (LengthOfBareColour(text[at..]) > 0) return true;
            int next = text[(at + 1)..].IndexOf('[');
            at = next < 0 ? -1 : at + 1 + next;
        }

        return false;
    }

    /// <summary>Returns the length of a colour without its escape character, such as <c>[1;32m</c>; or 0.</summary>
    private static int LengthOfBareColour(ReadOnlySpan<char> rest)
    {
        int end = 1;
        while (end < rest.Length && end < 20 && (char.IsAsciiDigit(rest[end]) || rest[end] == ';')) end++;
        return end > 1 && end < rest.Length && rest[end] == 'm' ? end + 1 : 0;
    }
}
