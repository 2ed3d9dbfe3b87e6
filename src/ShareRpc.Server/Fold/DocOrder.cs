using ShareRpc.Protocol.Messages;

namespace ShareRpc.Server.Fold;

/// <summary>Orders by UTF-8 bytes of kind and key, as the store does.</summary>
internal sealed class DocOrder : IComparer<DocKey>
{
    public static readonly DocOrder Instance = new();

    public int Compare(DocKey? x, DocKey? y) => Compare((x!.Kind, x.Key), (y!.Kind, y.Key));

    public static int Compare((string Kind, string Key) x, (string Kind, string Key) y)
    {
        int kinds = string.CompareOrdinal(x.Kind, y.Kind); // kinds are ASCII
        return kinds != 0 ? kinds : CompareKeys(x.Key, y.Key);
    }

    /// <summary>UTF-16 differs from UTF-8 order only in surrogates, the highest code points.</summary>
    private static int CompareKeys(string x, string y)
    {
        int same = x.AsSpan().CommonPrefixLength(y);
        if (same == x.Length || same == y.Length) return x.Length - y.Length;
        (char left, char right) = (x[same], y[same]);
        int surrogates = char.IsSurrogate(left).CompareTo(char.IsSurrogate(right));
        return surrogates != 0 && left > '\uD7FF' && right > '\uD7FF' ? surrogates : left - right;
    }
}
