using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

internal static class CurrentDocument
{
    /// <summary>Returns null for an unknown document; no data for a removed one.</summary>
    public static async ValueTask<StoredDoc?> FindAsync(IWriteTransaction transaction, LogShare share, string kind,
        string key)
    {
        IReadOnlyList<TailOp> tail = share.TailOf(kind, key);
        if (tail.Count == 0) return await transaction.FindDocAsync(share.Key, kind, key);

        // Ops back to the last one that sets the whole document.
        var pending = new Stack<(string Verb, RawJson? Data)>();
        int i = tail.Count - 1;
        bool isWhole = false;
        for (; i >= 0 && !isWhole; i--)
        {
            if (share.FindFresh(tail[i].Cursor) is { } fresh)
            {
                pending.Push((fresh.Verb, fresh.Data));
            }
            else
            {
                (string verb, ReadOnlyMemory<byte>? data, _) = await transaction.ReadOpContentAsync(share.Key,
                    tail[i].Cursor);
                pending.Push((verb, data is { } bytes ? new RawJson(bytes) : null));
            }

            isWhole = tail[i].IsWhole;
        }

        RawJson? current = isWhole ? null : (await transaction.FindDocAsync(share.Key, kind, key))?.Data;
        while (pending.TryPop(out (string Verb, RawJson? Data) op))
            current = DocumentFold.Apply(current, op.Verb, op.Data);
        return new StoredDoc(kind, key, tail[^1].Cursor, current, 0, tail[^1].Class);
    }
}
