using System.Buffers;
using System.Text.RegularExpressions;

namespace ShareRpc.Sources.Secrets;

/// <summary>Runs in linear time; compiled on first use.</summary>
internal sealed class CompiledRule(SecretRule rule)
{
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
    private const string SecretGroup = "secret";

    /// <summary>The group of what stands where a secret could, such as a variable.</summary>
    private const string NoneGroup = "none";

    private readonly SearchValues<string>? keywords = rule.Keywords.Count == 0
        ? null : SearchValues.Create([.. rule.Keywords], StringComparison.OrdinalIgnoreCase);
    private readonly Lazy<Regex> pattern = new(() => new Regex(rule.Pattern, Options));
    private readonly Lazy<Regex?> field = new(() => rule.Field is null ? null : new Regex(rule.Field, Options));
    private readonly bool hasGroup = rule.Pattern.Contains($"(?<{SecretGroup}>", StringComparison.Ordinal);

    public string Id => rule.Id;

    public bool IsForFields => rule.Field is not null;

    /// <summary>Throws <see cref="ArgumentException"/> or <see cref="NotSupportedException"/> if invalid.</summary>
    public void Compile()
    {
        _ = pattern.Value;
        _ = field.Value;
    }

    public bool MayBeIn(ReadOnlySpan<char> text) => keywords is null || text.ContainsAny(keywords);

    public bool IsFor(ReadOnlySpan<char> name) => MayBeIn(name) && field.Value!.IsMatch(name);

    /// <summary>Skips existing markers.</summary>
    public List<SecretSpan> FindIn(ReadOnlySpan<char> text)
    {
        var found = new List<SecretSpan>();
        foreach (ValueMatch match in pattern.Value.EnumerateMatches(text))
        {
            if (match.Length == 0) continue;
            (int start, int end) = SecretOf(text, match.Index, match.Index + match.Length);
            if (start == end) continue;
            ReadOnlySpan<char> secret = text[start..end];
            if (secret.StartsWith(SecretScanner.MarkerStart, StringComparison.Ordinal)
                || (rule.Mixed && !IsMixed(secret))) continue;
            found.Add(new SecretSpan(start, end, rule.Id));
        }

        return found;
    }

    /// <summary>Matches the match again: groups of the whole text would copy it.</summary>
    private (int Start, int End) SecretOf(ReadOnlySpan<char> text, int start, int end)
    {
        if (!hasGroup) return (start, end);
        Match again = pattern.Value.Match(text[start..end].ToString());
        if (again.Groups[NoneGroup].Success) return (start, start);
        Group group = again.Groups[SecretGroup];
        return group.Success ? (start + group.Index, start + group.Index + group.Length) : (start, end);
    }

    private static bool IsMixed(ReadOnlySpan<char> secret)
    {
        bool hasDigit = false;
        bool hasLetter = false;
        foreach (char unit in secret)
        {
            hasDigit |= char.IsAsciiDigit(unit);
            hasLetter |= char.IsAsciiLetter(unit);
        }

        return hasDigit && hasLetter;
    }
}

/// <summary>A position in UTF-16 units.</summary>
internal readonly record struct SecretSpan(int Start, int End, string RuleId)
{
    /// <summary>Returns sorted spans; overlaps merge under the first-found rule.</summary>
    public static List<SecretSpan> Merged(List<SecretSpan> found)
    {
        if (found.Count < 2) return found;
        var merged = new List<SecretSpan>(found.Count);
        foreach ((SecretSpan span,
            int rank) in found.Select((span, rank) => (span, rank)).OrderBy(entry => entry.span.Start)
            .ThenBy(entry => entry.rank))
        {
            if (merged.Count == 0 || span.Start >= merged[^1].End)
            {
                merged.Add(span);
                continue;
            }

            SecretSpan last = merged[^1];
            string name =
                found.First(candidate => candidate.RuleId == last.RuleId || candidate.RuleId == span.RuleId).RuleId;
            merged[^1] = new SecretSpan(last.Start, Math.Max(last.End, span.End), name);
        }

        return merged;
    }
}
