using System.Collections.Immutable;
using System.Text.Json;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;

namespace ShareRpc.Sources.Secrets;

/// <summary>Counts replacements per rule. A document sent again counts again. One writer; any thread reads.</summary>
public sealed class SecretCounts
{
    /// <summary>The bookmark with the counts as <see cref="ToJson"/>; a crash may lose one pass.</summary>
    public const string BookmarkName = "secrets.redacted";

    // Replaced, never changed: other threads read it.
    private volatile ImmutableSortedDictionary<string, long> byRule =
        ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal);

    /// <summary>Gets the counts by rule id.</summary>
    public IReadOnlyDictionary<string, long> ByRule => byRule;

    public long Total => byRule.Values.Sum();

    /// <summary>Returns <c>{"github-token": 2, ...}</c>.</summary>
    public string ToJson() => JsonSerializer.Serialize(byRule);

    /// <summary>Parses <see cref="ToJson"/>; empty for null or invalid text.</summary>
    public static SecretCounts FromJson(string? json)
    {
        var counts = new SecretCounts();
        try
        {
            foreach ((string rule, long count) in JsonSerializer.Deserialize<Dictionary<string, long>>(json ?? "{}")
                ?? [])
                counts.Add(rule, count);
        }
        catch (JsonException)
        {
            // Another version's format: restart the counts.
        }

        return counts;
    }

    internal async Task StoreAsync(ShareWriter writer, CancellationToken cancellationToken)
    {
        if (Total == 0) return;
        SecretCounts all =
            FromJson(await writer.ReadBookmarkAsync(BookmarkName, cancellationToken).ConfigureAwait(false));
        all.Add(this);
        var options = new EnqueueOptions { Bookmark = new Bookmark(BookmarkName, all.ToJson()) };
        await writer.EnqueueAsync([], options, cancellationToken).ConfigureAwait(false);
    }

    internal void Add(string ruleId, long count = 1) =>
        byRule = byRule.SetItem(ruleId, byRule.GetValueOrDefault(ruleId) + count);

    internal void Add(SecretCounts other)
    {
        foreach ((string rule, long count) in other.byRule) Add(rule, count);
    }
}
