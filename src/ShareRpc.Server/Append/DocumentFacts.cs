using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Turns;

namespace ShareRpc.Server.Append;

/// <summary>
/// Finds what guards need to know of documents as they are inside the transaction. What an op puts is read where it
/// arrived, and known by its cursor from then on: the commit thread reads only what another process or run put.
/// </summary>
internal readonly struct DocumentFacts(CommitScope scope, LogShare share, DocumentMeasures folded)
{
    /// <summary>Returns <see cref="TurnFacts"/> of a turn, <see cref="ProgressFacts"/> of anything else.</summary>
    public static object Of(string kind, RawJson data) =>
        kind == Kinds.Turn ? TurnFacts.Of(data) : ProgressFacts.Of(kind, data);

    /// <summary>Returns null if there is no document.</summary>
    public async ValueTask<KnownDocument?> FindAsync(string kind, string key)
    {
        (long cursor, ContentClass contentClass) = await LastAsync(kind, key);
        if (cursor == 0) return null;
        if (!scope.Shares.Facts.TryFind(share.Key, kind, key, cursor, out object? facts))
        {
            StoredDoc? current = await CurrentDocument.FindAsync(scope.Transaction, share, kind, key);
            if (current?.Data is not { } data) return null;
            facts = Of(kind, data);
            scope.Shares.Facts.Set(share.Key, kind, key, cursor, facts);
        }

        return new KnownDocument(cursor, contentClass, facts);
    }

    private async ValueTask<(long Cursor, ContentClass Class)> LastAsync(string kind, string key)
    {
        if (share.LastOf(kind, key) is { } last)
            return last.Verb == Verbs.Remove ? default : (last.Cursor, last.Class);
        DocumentMeasure measure = await folded.OfAsync(kind, key);
        return (measure.Cursor, measure.Class);
    }
}

/// <param name="Cursor">Its last op.</param>
/// <param name="Class">After that op.</param>
/// <param name="Facts">As <see cref="DocumentFacts.Of"/> returns them.</param>
internal sealed record KnownDocument(long Cursor, ContentClass Class, object Facts);
