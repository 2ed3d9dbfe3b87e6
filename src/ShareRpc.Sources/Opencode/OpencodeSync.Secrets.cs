using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>Counting what was replaced: in this run, and as a bookmark over the life of the share.</summary>
public sealed partial class OpencodeSync
{
    /// <summary>A bookmark of the share that holds <see cref="SecretCounts.ToJson"/>; a crash may cost the counts of one pass.</summary>
    public const string RedactedBookmark = "secrets.redacted";

    private Task CountAsync(SecretCounts counts, CancellationToken cancellationToken)
    {
        Redacted.Add(counts);
        return StoreCountsAsync(Writer, counts, cancellationToken);
    }

    internal static async Task StoreCountsAsync(ShareWriter writer, SecretCounts counts, CancellationToken cancellationToken)
    {
        if (counts.Total == 0) return;
        SecretCounts all =
            SecretCounts.FromJson(await writer.ReadBookmarkAsync(RedactedBookmark, cancellationToken).ConfigureAwait(false));
        all.Add(counts);
        var options = new EnqueueOptions { Bookmark = new Bookmark(RedactedBookmark, all.ToJson()) };
        await writer.EnqueueAsync([], options, cancellationToken).ConfigureAwait(false);
    }
}
