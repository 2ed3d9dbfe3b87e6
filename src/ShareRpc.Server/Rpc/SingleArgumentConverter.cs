using System.Text.Json;
using System.Text.Json.Serialization;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Server.Rpc;

/// <summary>
/// Lets a call's parameters be one object, or that object as the only element of an array, which is what positional proxies send
/// (SPEC section "Calls").
/// </summary>
internal sealed class SingleArgumentConverter : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert == typeof(OpBatch)
        || (typeToConvert.Namespace == typeof(IShareGateway).Namespace && typeToConvert.Name.EndsWith("Request", StringComparison.Ordinal));

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Of<>).MakeGenericType(typeToConvert))!;

    private sealed class Of<T> : JsonConverter<T>
        where T : class
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            bool isArray = reader.TokenType == JsonTokenType.StartArray;
            if (isArray) reader.Read();

            // The protocol's own options know no such converter, so a batch inside a request is an object and nothing else.
            T value = JsonSerializer.Deserialize<T>(ref reader, ProtocolJson.Options) ?? throw new JsonException();
            if (isArray && (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)) throw new JsonException();
            return value;
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value, ProtocolJson.Options);
    }
}
