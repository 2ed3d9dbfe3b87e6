using System.Text.Json;

namespace ShareRpc.Server.Connections;

/// <summary>
/// Puts params that are neither an object nor an array into a form that the RPC layer reads (SPEC [RPC-2]): it would
/// take the whole message for no JSON-RPC.
/// </summary>
internal static class OddParams
{
    private const int MaxDepth = 64;

    /// <summary>Absent: what null counts as.</summary>
    private static ReadOnlySpan<byte> None => "{}"u8;

    /// <summary>Two arguments, which no method takes: <c>invalid_params</c>.</summary>
    private static ReadOnlySpan<byte> Wrong => "[0,0]"u8;

    /// <summary>Returns the message with other params; null when they are not what is odd about it.</summary>
    public static byte[]? Replace(ReadOnlySpan<byte> message)
    {
        try
        {
            return Find(message) is { } found
                ? [.. message[..found.Start], .. found.IsNull ? None : Wrong, .. message[found.End..]] : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Finds the last params, which count.</summary>
    private static (int Start, int End, bool IsNull)? Find(ReadOnlySpan<byte> message)
    {
        var reader = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
        (int Start, int End, bool IsNull)? found = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isParams = reader.ValueTextEquals("params"u8);
            reader.Read();
            bool isOdd = isParams && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray);
            if (isParams) found = null;
            if (isOdd) found =
                ((int)reader.TokenStartIndex, (int)reader.BytesConsumed, reader.TokenType == JsonTokenType.Null);
            reader.Skip();
        }

        return found;
    }
}
