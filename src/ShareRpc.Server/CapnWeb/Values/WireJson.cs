using System.Buffers;
using System.Text.Json;

namespace ShareRpc.Server.CapnWeb.Values;

/// <summary>
/// JSON as the protocol writes it: an array in an array of its own, since <c>["word", ...]</c> means something else.
/// Copies everything else as it is.
/// </summary>
internal static class WireJson
{
    /// <summary>The deepest message, arrays counted as they are written.</summary>
    public const int MaxDepth = 256;

    /// <summary>
    /// Writes the value at which the reader stands as JSON, without members that are <c>undefined</c>. Returns false,
    /// in the middle of it, at what JSON has no form for.
    /// </summary>
    public static bool TryToJson(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, IBufferWriter<byte> json)
    {
        int copied = (int)reader.TokenStartIndex;
        if (!TryValue(ref reader, message, json, ref copied)) return false;
        json.Write(message[copied..(int)reader.BytesConsumed]);
        return true;
    }

    /// <summary>Writes JSON as the protocol writes it.</summary>
    public static void FromJson(ReadOnlySpan<byte> json, IBufferWriter<byte> message)
    {
        if (json.IndexOf((byte)'[') < 0)
        {
            message.Write(json);
            return;
        }

        int copied = 0;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.EndArray)) continue;
            int end = (int)reader.BytesConsumed;
            message.Write(json[copied..end]);
            message.Write(json[(end - 1)..end]);
            copied = end;
        }

        message.Write(json[copied..]);
    }

    private static bool TryValue(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, IBufferWriter<byte> json,
        ref int copied)
    {
        if (reader.TokenType == JsonTokenType.StartObject) return TryObject(ref reader, message, json, ref copied);
        if (reader.TokenType != JsonTokenType.StartArray) return true;

        // The inner bracket stays, the outer one goes.
        json.Write(message[copied..(int)reader.TokenStartIndex]);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray) return false;
        copied = (int)reader.TokenStartIndex;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (!TryValue(ref reader, message, json, ref copied)) return false;
        }

        json.Write(message[copied..(int)reader.BytesConsumed]);
        reader.Read();
        copied = (int)reader.BytesConsumed;
        return reader.TokenType == JsonTokenType.EndArray;
    }

    private static bool TryObject(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, IBufferWriter<byte> json,
        ref int copied)
    {
        json.Write(message[copied..(int)reader.BytesConsumed]);
        copied = (int)reader.BytesConsumed;
        bool isFirst = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int name = (int)reader.TokenStartIndex;
            reader.Read();
            if (IsUndefined(reader))
            {
                json.Write(message[copied..LastOf(message, copied, name, isFirst)]);
                reader.Read();
                reader.Read();
                copied = (int)reader.BytesConsumed;
                if (isFirst) copied = AfterComma(message, copied);
                continue;
            }

            isFirst = false;
            if (!TryValue(ref reader, message, json, ref copied)) return false;
        }

        return reader.TokenType == JsonTokenType.EndObject;
    }

    /// <summary>Returns the end of what is kept before a member that is left out, without the comma.</summary>
    private static int LastOf(ReadOnlySpan<byte> message, int copied, int name, bool isFirst)
    {
        if (isFirst) return name;
        int comma = message[copied..name].LastIndexOf((byte)',');
        return comma < 0 ? copied : copied + comma;
    }

    private static int AfterComma(ReadOnlySpan<byte> message, int at)
    {
        int next = at;
        while (message[next] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') next++;
        return message[next] == (byte)',' ? next + 1 : at;
    }

    /// <summary>A copy of the reader looks ahead.</summary>
    private static bool IsUndefined(Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.StartArray && reader.Read() && reader.TokenType == JsonTokenType.String
            && reader.ValueTextEquals("undefined"u8) && reader.Read() && reader.TokenType == JsonTokenType.EndArray;
}
