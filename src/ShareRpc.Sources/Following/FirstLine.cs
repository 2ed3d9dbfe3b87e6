using System.Text;

namespace ShareRpc.Sources.Following;

/// <summary>Makes a title from what the user wrote first.</summary>
internal static class FirstLine
{
    private const int MaxLength = 100;

    /// <summary>Returns the first line that has text, shortened; null if there is none.</summary>
    public static string? Of(string text)
    {
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            if (line.Trim() is not { Length: > 0 } said) continue;
            var title = new StringBuilder();
            foreach (Rune rune in said.ToString().EnumerateRunes())
            {
                if (title.Length + rune.Utf16SequenceLength > MaxLength) break;
                if (!Rune.IsControl(rune)) title.Append(rune);
            }

            return title.ToString();
        }

        return null;
    }
}
