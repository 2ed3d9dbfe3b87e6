using System.Globalization;

namespace ShareRpc.Server.Search;

/// <summary>
/// Divides text into words: runs of letters and digits, without case. The parts of a name such as
/// <c>FoldPlan</c> are words, too; so is each character of a script that puts no spaces between words.
/// </summary>
internal static class SearchWords
{
    /// <summary>Longer runs are data, not words.</summary>
    private const int LongestWord = 64;

    /// <summary>Returns the words of a search, in their order, each once.</summary>
    public static IReadOnlyList<string> OfQuery(string query)
    {
        var words = new OrderedSet();
        Divide(query, word => words.Add(word.ToString()), isQuery: true);
        return words.Items;
    }

    /// <summary>Adds the words of a text, up to a number in all.</summary>
    public static void Collect(string text, HashSet<string> words, int most)
    {
        var known = words.GetAlternateLookup<ReadOnlySpan<char>>();
        Divide(text, word =>
        {
            if (words.Count < most) known.Add(word);
        }, isQuery: false);
    }

    /// <summary>Takes the words of a text out of a set; returns whether there were any.</summary>
    public static bool TakeOut(string text, HashSet<string> words)
    {
        var known = words.GetAlternateLookup<ReadOnlySpan<char>>();
        int before = words.Count;
        Divide(text, word => known.Remove(word), isQuery: false);
        return words.Count < before;
    }

    /// <summary>Returns where a word of a query begins in a text, and its length there; none: -1.</summary>
    public static (int At, int Length) Find(string text, IReadOnlyCollection<string> words)
    {
        var wanted = new HashSet<string>(words, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        int start = -1;
        for (int i = 0; i <= text.Length; i++)
        {
            bool isInside = i < text.Length && IsOfWord(text, i);
            if (isInside && start < 0) start = i;
            if (isInside || start < 0) continue;
            (int from, int length) = (start, i - start);
            start = -1;
            bool isFound = false;
            AddRun(text.AsSpan(from, length), word => isFound |= wanted.Contains(word), isQuery: false);
            if (isFound) return (from, length);
        }

        return (-1, 0);
    }

    private static void Divide(string text, Action<ReadOnlySpan<char>> add, bool isQuery)
    {
        int start = -1;
        for (int i = 0; i <= text.Length; i++)
        {
            bool isInside = i < text.Length && IsOfWord(text, i);
            if (isInside && start < 0) start = i;
            if (isInside || start < 0) continue;
            AddRun(text.AsSpan(start, i - start), add, isQuery);
            start = -1;
        }
    }

    private static void AddRun(ReadOnlySpan<char> run, Action<ReadOnlySpan<char>> add, bool isQuery)
    {
        int from = 0;
        for (int i = 0; i < run.Length; i++)
        {
            if (!StandsAlone(run[i])) continue;
            AddWord(run[from..i], add, isQuery);
            add(run.Slice(i, 1));
            from = i + 1;
        }

        AddWord(run[from..], add, isQuery);
    }

    private static void AddWord(ReadOnlySpan<char> run, Action<ReadOnlySpan<char>> add, bool isQuery)
    {
        if (run.IsEmpty || run.Length > LongestWord) return;
        Fold(run, add);
        if (isQuery) return;
        int from = 0;
        for (int i = 1; i < run.Length; i++)
        {
            bool begins = char.IsUpper(run[i])
                && (!char.IsUpper(run[i - 1]) || (i + 1 < run.Length && char.IsLower(run[i + 1])));
            if (!begins) continue;
            Fold(run[from..i], add);
            from = i;
        }

        if (from > 0) Fold(run[from..], add);
    }

    private static void Fold(ReadOnlySpan<char> run, Action<ReadOnlySpan<char>> add)
    {
        Span<char> folded = stackalloc char[LongestWord];
        add(folded[..run.ToLowerInvariant(folded)]);
    }

    private static bool IsOfWord(string text, int at)
    {
        char letter = text[at];
        if (!char.IsSurrogate(letter)) return char.IsLetterOrDigit(letter) || IsMark(char.GetUnicodeCategory(letter));
        bool isLow = char.IsLowSurrogate(letter);
        if (isLow && (at == 0 || !char.IsHighSurrogate(text[at - 1]))) return false;
        if (!isLow && (at + 1 == text.Length || !char.IsLowSurrogate(text[at + 1]))) return false;
        UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(text, isLow ? at - 1 : at);
        return category <= UnicodeCategory.OtherLetter || IsMark(category)
            || category == UnicodeCategory.DecimalDigitNumber;
    }

    private static bool IsMark(UnicodeCategory category) =>
        category is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    /// <summary>Thai and Lao; Chinese and Japanese.</summary>
    private static bool StandsAlone(char letter) =>
        letter is (>= '\u0E00' and <= '\u0EFF') or (>= '\u2E80' and <= '\u9FFF') or (>= '\uF900' and <= '\uFAFF');

    private sealed class OrderedSet
    {
        public List<string> Items { get; } = [];

        public void Add(string word)
        {
            if (!Items.Contains(word)) Items.Add(word);
        }
    }
}
