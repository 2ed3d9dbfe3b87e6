using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ShareRpc.Protocol.Json;

/// <summary>A JSON value as its original UTF-8 bytes. Immutable.</summary>
[JsonConverter(typeof(RawJsonConverter))]
public readonly struct RawJson
{
    /// <summary>
    /// Takes over <paramref name="utf8"/>, which must hold exactly one valid JSON value and must not change afterwards.
    /// </summary>
    public RawJson(ReadOnlyMemory<byte> utf8)
    {
        Utf8 = utf8;
    }

    /// <summary>Gets the bytes; empty only for <c>default</c>.</summary>
    public ReadOnlyMemory<byte> Utf8 { get; }

    /// <summary>Parses a value; throws <see cref="JsonException"/>.</summary>
    public static RawJson Parse(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        using JsonDocument document = JsonDocument.Parse(utf8);
        return new RawJson(utf8);
    }

    /// <summary>Copies an element's bytes.</summary>
    public static RawJson Of(JsonElement element) => new(JsonMarshal.GetRawUtf8Value(element).ToArray());

    /// <summary>Parses the bytes; the caller disposes.</summary>
    public JsonDocument ToDocument() => JsonDocument.Parse(Utf8, new JsonDocumentOptions { MaxDepth = 64 });

    /// <summary>Returns the JSON text.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Utf8.Span);
}

internal sealed class RawJsonConverter : JsonConverter<RawJson>
{
    public override bool HandleNull => true;

    public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using JsonDocument value = JsonDocument.ParseValue(ref reader);
        return RawJson.Of(value.RootElement);
    }

    public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options)
    {
        if (value.Utf8.IsEmpty) writer.WriteNullValue();
        else writer.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
    }
}
