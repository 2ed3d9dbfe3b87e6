using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Server.Append;

/// <summary>Ignores member order and number spelling.</summary>
internal static class JsonEquality
{
    public static bool AreEqual(RawJson left, RawJson right)
    {
        if (left.Utf8.Span.SequenceEqual(right.Utf8.Span)) return true;
        using JsonDocument leftDocument = left.ToDocument();
        using JsonDocument rightDocument = right.ToDocument();
        try
        {
            return JsonElement.DeepEquals(leftDocument.RootElement, rightDocument.RootElement);
        }
        catch (InvalidOperationException)
        {
            return false; // a lone surrogate cannot be compared; treating it as changed loses nothing
        }
    }
}
