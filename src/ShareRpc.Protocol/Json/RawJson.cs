using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ShareRpc.Protocol.Json;

/// <summary>
/// A JSON value kept as the very bytes it arrived in or was given as (UTF-8, one value): stored, hashed and passed on
/// without being written anew. Owns its bytes; never mutated after construction.
/// </summary>
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

    /// <summary>
    /// Checks that the text is one JSON value (<see cref="JsonException"/> otherwise) and keeps its bytes.
    /// </summary>
    public static RawJson Parse(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        using JsonDocument document = JsonDocument.Parse(utf8);
        return new RawJson(utf8);
    }

    /// <summary>Returns the bytes of an element, copied, so that they outlive its document.</summary>
    public static RawJson Of(JsonElement element) => new(JsonMarshal.GetRawUtf8Value(element).ToArray());

    /// <summary>Parses the bytes; the caller disposes.</summary>
    public JsonDocument ToDocument() => JsonDocument.Parse(Utf8, new JsonDocumentOptions { MaxDepth = 64 });

    /// <summary>Returns the JSON text.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Utf8.Span);
}

/// <summary>Reads and writes <see cref="RawJson"/> byte for byte.</summary>
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
