using System.Text.Json;
using System.Text.Json.Serialization;

namespace ShareRpc.Protocol.Rpc;

/// <summary>The <c>readable</c> caveat: <c>{kind: true | [field, ...]}</c>.</summary>
internal sealed class ReadableConverter : JsonConverter<IReadOnlyDictionary<string, IReadOnlyList<string>?>>
{
    public override IReadOnlyDictionary<string, IReadOnlyList<string>?> Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException();
        var readable = new Dictionary<string, IReadOnlyList<string>?>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string kind = reader.GetString()!;
            reader.Read();
            if (!readable.TryAdd(kind, ReadFields(ref reader))) throw new JsonException();
        }

        return readable;
    }

    public override void Write(
        Utf8JsonWriter writer, IReadOnlyDictionary<string, IReadOnlyList<string>?> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach ((string kind, IReadOnlyList<string>? fields) in value)
        {
            writer.WritePropertyName(kind);
            if (fields is null) writer.WriteBooleanValue(true);
            else JsonSerializer.Serialize(writer, fields, options);
        }

        writer.WriteEndObject();
    }

    private static List<string>? ReadFields(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.True) return null;
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException();
        var fields = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            fields.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException());
        }

        return fields;
    }
}
