using System.Text;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Server.Log;

/// <summary>Documents in order of kind and key by their UTF-8 bytes, as the store keeps them.</summary>
internal sealed class DocOrder : IComparer<DocKey>
{
    public static readonly DocOrder Instance = new();

    public int Compare(DocKey? x, DocKey? y)
    {
        int kinds = string.CompareOrdinal(x!.Kind, y!.Kind); // kinds are ASCII
        return kinds != 0 ? kinds : Encoding.UTF8.GetBytes(x.Key).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y.Key));
    }
}
