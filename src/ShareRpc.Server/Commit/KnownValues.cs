using System.Diagnostics.CodeAnalysis;

namespace ShareRpc.Server.Commit;

/// <summary>
/// Remembers what is known of documents' values, by the cursor of their last op. Commit thread only; bounded; cleared
/// when ops are taken back, since cursors are given again.
/// </summary>
internal sealed class KnownValues<T>
{
    private const int Most = 16_384;
    private readonly Dictionary<(long Share, string Kind, string Key), (long Cursor, T Value)> values = [];

    public bool TryFind(long share, string kind, string key, long cursor, [MaybeNullWhen(false)] out T value)
    {
        bool isKnown = values.TryGetValue((share, kind, key), out (long Cursor, T Value) known)
            && known.Cursor == cursor;
        value = isKnown ? known.Value : default;
        return isKnown;
    }

    public void Set(long share, string kind, string key, long cursor, T value)
    {
        if (values.Count >= Most && !values.ContainsKey((share, kind, key))) values.Clear();
        values[(share, kind, key)] = (cursor, value);
    }

    public void Clear() => values.Clear();
}
