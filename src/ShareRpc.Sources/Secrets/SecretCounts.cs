using System.Collections.Immutable;
using System.Text.Json;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;

namespace ShareRpc.Sources.Secrets;

/// <summary>
/// How often each rule has replaced something. A document that is sent again counts again: it says what was kept back,
/// not how many secrets there are. One flow adds; any thread reads.
/// </summary>
public sealed class SecretCounts
{
    /// <summary>
    /// The bookmark of a share that holds its counts as <see cref="ToJson"/>; a crash may lose those of one pass.
    /// </summary>
    public const string BookmarkName = "secrets.redacted";

    // Replaced whole: a status line reads it while a pass adds to it.
    private volatile ImmutableSortedDictionary<string, long> byRule =
        ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal);

    /// <summary>Gets the counts by rule id.</summary>
    public IReadOnlyDictionary<string, long> ByRule => byRule;

    public long Total => byRule.Values.Sum();

    /// <summary>Returns <c>{"github-token": 2, ...}</c>.</summary>
    public string ToJson() => JsonSerializer.Serialize(byRule);

    /// <summary>Parses what <see cref="ToJson"/> wrote; empty for null and for anything else.</summary>
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
            // Written by another version: counting starts anew.
        }

        return counts;
    }

    /// <summary>Adds these counts to those of the share, in its bookmark.</summary>
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
