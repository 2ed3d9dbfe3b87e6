namespace ShareRpc.Sources.Secrets;

/// <summary>Where a secret is in a text, in UTF-16 units.</summary>
internal readonly record struct SecretSpan(int Start, int End, string RuleId)
{
    /// <summary>In order, none overlapping: where two do, both are covered, and the one that was found first names it.</summary>
    public static List<SecretSpan> Merged(List<SecretSpan> found)
    {
        if (found.Count < 2) return found;
        var merged = new List<SecretSpan>(found.Count);
        foreach ((SecretSpan span, int rank) in found.Select((span, rank) => (span, rank)).OrderBy(entry => entry.span.Start)
            .ThenBy(entry => entry.rank))
        {
            if (merged.Count == 0 || span.Start >= merged[^1].End)
            {
                merged.Add(span);
                continue;
            }

            SecretSpan last = merged[^1];
            string name = found.First(candidate => candidate.RuleId == last.RuleId || candidate.RuleId == span.RuleId).RuleId;
            merged[^1] = new SecretSpan(last.Start, Math.Max(last.End, span.End), name);
        }

        return merged;
    }
}
