using System.Buffers;
using System.Text;

namespace ShareRpc.Sources.Secrets;

/// <summary>
/// Replaces what the rules find by a marker that names the rule, <c>[redacted:github-token]</c>: in every string of a JSON value, names
/// of fields included, and nowhere else, so that it stays the same JSON but for that. The same value gives the same bytes, whenever and
/// wherever; what holds nothing keeps its very bytes. Any thread.
/// </summary>
public sealed partial class SecretScanner
{
    /// <summary>The built-in rules.</summary>
    public static readonly SecretScanner BuiltIn = new(SecretRuleSet.BuiltIn);

    internal const string MarkerStart = "[redacted:";

    private readonly CompiledRule[] rules;
    private readonly CompiledRule[] fieldRules;
    private readonly SearchValues<string>? keywords;

    /// <summary>Looks for these rules; they are compiled when a text first calls for them.</summary>
    public SecretScanner(SecretRuleSet ruleSet)
    {
        ArgumentNullException.ThrowIfNull(ruleSet);
        CompiledRule[] all = [.. ruleSet.Rules.Select(rule => new CompiledRule(rule))];
        rules = [.. all.Where(rule => !rule.IsForFields)];
        fieldRules = [.. all.Where(rule => rule.IsForFields)];
        bool mayBeAnywhere = ruleSet.Rules.Any(rule => rule.Keywords.Count == 0);
        keywords = mayBeAnywhere ? null
            : SearchValues.Create([.. ruleSet.Rules.SelectMany(rule => rule.Keywords)], StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The text with markers; the same object when nothing was found.</summary>
    public string Redact(string text, SecretCounts counts)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(counts);
        List<SecretSpan> found = FindIn(text);
        if (found.Count == 0) return text;
        var redacted = new StringBuilder(text.Length);
        int at = 0;
        foreach (SecretSpan span in found)
        {
            redacted.Append(text, at, span.Start - at).Append(MarkerOf(span.RuleId));
            counts.Add(span.RuleId);
            at = span.End;
        }

        return redacted.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>Where the rules find something in a plain text; the rules for fields of JSON are left aside.</summary>
    public IReadOnlyList<SecretFinding> Find(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var findings = new List<SecretFinding>();
        int line = 1;
        int lineStart = 0;
        int at = 0;
        foreach (SecretSpan span in FindIn(text))
        {
            for (int next = text.IndexOf('\n', at); next >= 0 && next < span.Start; next = text.IndexOf('\n', next + 1))
            {
                line++;
                lineStart = next + 1;
            }

            at = span.Start;
            findings.Add(new SecretFinding(span.RuleId, line, span.Start - lineStart + 1, span.End - span.Start));
        }

        return findings;
    }

    private static string MarkerOf(string ruleId) => $"{MarkerStart}{ruleId}]";

    private bool MayHoldAny(ReadOnlySpan<char> text) => keywords is null || text.ContainsAny(keywords);

    private List<SecretSpan> FindIn(ReadOnlySpan<char> text)
    {
        if (!MayHoldAny(text)) return [];
        List<SecretSpan>? found = null;
        foreach (CompiledRule rule in rules)
        {
            if (!rule.MayBeIn(text)) continue;
            List<SecretSpan> spans = rule.FindIn(text);
            if (spans.Count == 0) continue;
            if (found is null) found = spans;
            else found.AddRange(spans);
        }

        return found is null ? [] : SecretSpan.Merged(found);
    }
}
