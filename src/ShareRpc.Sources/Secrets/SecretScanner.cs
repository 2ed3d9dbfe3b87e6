using System.Buffers;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Secrets;

/// <summary>
/// Replaces secrets with markers such as <c>[redacted:github-token]</c> in all JSON strings and field names; all other
/// bytes stay. Deterministic and thread-safe.
/// </summary>
public sealed class SecretScanner
{
    /// <summary>The scanner with the built-in rules.</summary>
    public static readonly SecretScanner BuiltIn = new(SecretRuleSet.BuiltIn);

    internal const string MarkerStart = "[redacted:";

    // Deeper than the send limit, so that everything is scanned.
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 1000 };

    private readonly CompiledRule[] rules;
    private readonly CompiledRule[] fieldRules;
    private readonly SearchValues<string>? keywords;

    /// <summary>Initializes a scanner; rules are compiled on first use.</summary>
    public SecretScanner(SecretRuleSet ruleSet)
    {
        ArgumentNullException.ThrowIfNull(ruleSet);
        CompiledRule[] all = [.. ruleSet.Rules.Select(rule => new CompiledRule(rule))];
        rules = [.. all.Where(rule => !rule.IsForFields)];
        fieldRules = [.. all.Where(rule => rule.IsForFields)];
        bool mayBeAnywhere = ruleSet.Rules.Any(rule => rule.Keywords.Count == 0);
        keywords = mayBeAnywhere ? null
            : SearchValues.Create([.. ruleSet.Rules.SelectMany(rule => rule.Keywords)],
                StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Returns the text with markers; the same object if nothing is found.</summary>
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

    /// <summary>Returns the value with markers; the same bytes if nothing is found.</summary>
    public RawJson Redact(RawJson json, SecretCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ReadOnlySpan<byte> utf8 = json.Utf8.Span;
        char[] buffer = ArrayPool<char>.Shared.Rent(utf8.Length);
        try
        {
            if (!MayHoldAny(utf8, buffer)) return json;
            List<Patch> patches = FindIn(utf8, buffer);
            return patches.Count == 0 ? json : new RawJson(Patched(utf8, patches, counts));
        }
        finally
        {
            ArrayPool<char>.Shared.Return(buffer, clearArray: true);
        }
    }

    /// <summary>Returns the matches in plain text, without field rules.</summary>
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

    /// <summary>Finds also what the control sequences of a terminal split, or stand directly before.</summary>
    private List<SecretSpan> FindIn(ReadOnlySpan<char> text)
    {
        if (!ShownText.MayDiffer(text)) return SecretSpan.Merged(Matches(text));
        List<SecretSpan> found = [];
        foreach (ShownText shown in (ReadOnlySpan<ShownText>)[ShownText.Joined(text), ShownText.Spaced(text)])
            found.AddRange(Matches(shown.Text).Select(shown.InOriginal));
        return SecretSpan.Merged(found);
    }

    private List<SecretSpan> Matches(ReadOnlySpan<char> text)
    {
        List<SecretSpan> found = [];
        if (!MayHoldAny(text)) return found;
        foreach (CompiledRule rule in rules)
        {
            if (rule.MayBeIn(text)) found.AddRange(rule.FindIn(text));
        }

        return found;
    }

    /// <summary>Scans as text, which is fast; only escapes can hide keywords.</summary>
    private bool MayHoldAny(ReadOnlySpan<byte> utf8, char[] buffer)
    {
        if (utf8.IndexOf("\\u"u8) >= 0 || utf8.IndexOf("\\/"u8) >= 0) return true;
        if (utf8.IndexOf("\\b"u8) >= 0 || utf8.IndexOf("\\f"u8) >= 0) return true;
        int length = Encoding.UTF8.GetChars(utf8, buffer);
        ReadOnlySpan<char> text = buffer.AsSpan(0, length);
        return MayHoldAny(text) || ShownText.MayDiffer(text);
    }

    private List<Patch> FindIn(ReadOnlySpan<byte> utf8, char[] buffer)
    {
        var patches = new List<Patch>();
        CompiledRule? ofField = null;
        var reader = new Utf8JsonReader(utf8, ReaderOptions);
        while (reader.Read())
        {
            bool isName = reader.TokenType == JsonTokenType.PropertyName;
            if (!isName && reader.TokenType != JsonTokenType.String)
            {
                ofField = null;
                continue;
            }

            ReadOnlySpan<byte> raw = reader.ValueSpan;
            ReadOnlySpan<char> text = buffer.AsSpan(0, JsonText.Decode(raw, buffer));
            List<SecretSpan> found = FindIn(text);
            if (ofField is not null && ofField.FindIn(text).Count > 0)
                found = [new SecretSpan(0, text.Length, found.Count > 0 ? found[0].RuleId : ofField.Id)];
            if (found.Count > 0) Patch.Add(patches, raw, (int)reader.TokenStartIndex + 1, found);
            ofField = isName ? FieldRuleOf(text) : null;
        }

        return patches;
    }

    private CompiledRule? FieldRuleOf(ReadOnlySpan<char> name)
    {
        foreach (CompiledRule rule in fieldRules)
        {
            if (rule.IsFor(name)) return rule;
        }

        return null;
    }

    private static byte[] Patched(ReadOnlySpan<byte> utf8, List<Patch> patches, SecretCounts counts)
    {
        using var result = new MemoryStream(utf8.Length);
        int at = 0;
        foreach (Patch patch in patches)
        {
            result.Write(utf8[at..patch.Start]);
            result.Write(Encoding.ASCII.GetBytes(MarkerOf(patch.RuleId)));
            counts.Add(patch.RuleId);
            at = patch.End;
        }

        result.Write(utf8[at..]);
        return result.ToArray();
    }

    private readonly record struct Patch(int Start, int End, string RuleId)
    {
        public static void Add(List<Patch> patches, ReadOnlySpan<byte> raw, int offset, List<SecretSpan> found)
        {
            int bytes = 0;
            int units = 0;
            foreach (SecretSpan span in found)
            {
                JsonText.Advance(raw, ref bytes, ref units, span.Start);
                int start = bytes;
                JsonText.Advance(raw, ref bytes, ref units, span.End);
                patches.Add(new Patch(offset + start, offset + bytes, span.RuleId));
            }
        }
    }
}

/// <summary>Where something was found; never what.</summary>
/// <param name="Rule">The rule's id.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in UTF-16 units.</param>
/// <param name="Length">In UTF-16 units.</param>
public sealed record SecretFinding(string Rule, int Line, int Column, int Length);
