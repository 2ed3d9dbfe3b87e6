namespace ShareRpc.Server.Commit;

/// <summary>
/// Remembers digests of documents' values, by the cursor of their last op. Commit thread only; bounded; cleared when
/// ops are taken back, since cursors are given again.
/// </summary>
internal sealed class KnownValues
{
    private const int Most = 16_384;
    private readonly Dictionary<(long Share, string Kind, string Key), (long Cursor, byte[]? Digest)> values = [];

    /// <summary>A null digest equals none.</summary>
    public bool TryFind(long share, string kind, string key, long cursor, out byte[]? digest)
    {
        bool isKnown = values.TryGetValue((share, kind, key), out (long Cursor, byte[]? Digest) known)
            && known.Cursor == cursor;
        digest = isKnown ? known.Digest : null;
        return isKnown;
    }

    public void Set(long share, string kind, string key, long cursor, byte[]? digest)
    {
        if (values.Count >= Most && !values.ContainsKey((share, kind, key))) values.Clear();
        values[(share, kind, key)] = (cursor, digest);
    }

    public void Clear() => values.Clear();
}
