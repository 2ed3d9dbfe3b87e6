using System.Collections.Immutable;
using System.Text.Json;

namespace ShareRpc.Sources.Secrets;

/// <summary>
/// How often each rule has replaced something. A document that is sent again counts again: it says what was kept back, not how many secrets
/// there are. One flow adds; any thread reads.
/// </summary>
public sealed class SecretCounts
{
    // Replaced whole: a status line reads it while a pass adds to it.
    private volatile ImmutableSortedDictionary<string, long> byRule =
        ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal);

    /// <summary>By rule id.</summary>
    public IReadOnlyDictionary<string, long> ByRule => byRule;

    public long Total => byRule.Values.Sum();

    /// <summary><c>{"github-token": 2, ...}</c></summary>
    public string ToJson() => JsonSerializer.Serialize(byRule);

    /// <summary>As <see cref="ToJson"/> wrote it; empty for null and for anything else.</summary>
    public static SecretCounts FromJson(string? json)
    {
        var counts = new SecretCounts();
        try
        {
            foreach ((string rule, long count) in JsonSerializer.Deserialize<Dictionary<string, long>>(json ?? "{}") ?? [])
                counts.Add(rule, count);
        }
        catch (JsonException)
        {
            // Written by another version: counting starts anew.
        }

        return counts;
    }

    internal void Add(string ruleId, long count = 1) => byRule = byRule.SetItem(ruleId, byRule.GetValueOrDefault(ruleId) + count);

    internal void Add(SecretCounts other)
    {
        foreach ((string rule, long count) in other.byRule) Add(rule, count);
    }
}
