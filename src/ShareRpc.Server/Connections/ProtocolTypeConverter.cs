using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Rpc;
using StreamJsonRpc;

namespace ShareRpc.Server.Connections;

/// <summary>
/// Reads and writes the protocol's types with the protocol's own options, of which there is one. The RPC layer has options for each
/// connection, because handles belong to one; left to those, everything about every type would be found out, and kept, once a connection.
/// </summary>
internal sealed class ProtocolTypeConverter : JsonConverterFactory
{
    /// <summary>What the RPC layer writes for a handle, as its own assembly names it; by another name it is merely not shared.</summary>
    private const string HandleToken = "MarshalToken";

    private static readonly ConcurrentDictionary<Type, JsonConverter> Converters = [];

    private ProtocolTypeConverter()
    {
    }

    public static ProtocolTypeConverter Instance { get; } = new();

    public override bool CanConvert(Type typeToConvert) =>
        (typeToConvert.IsClass && typeToConvert.Assembly == typeof(IShareGateway).Assembly) || IsHandleToken(typeToConvert);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) => Converters.GetOrAdd(
        typeToConvert, static type => (JsonConverter)Activator.CreateInstance(
            (IsHandleToken(type) ? typeof(Token<>) : typeof(Of<>)).MakeGenericType(type))!);

    private static bool IsHandleToken(Type type) => type.Name == HandleToken && type.Assembly == typeof(JsonRpc).Assembly;

    private sealed class Token<T> : JsonConverter<T>
        where T : struct
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            JsonSerializer.Deserialize<T>(ref reader, ProtocolJson.Options);

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value, ProtocolJson.Options);
    }

    private sealed class Of<T> : JsonConverter<T>
        where T : class
    {
        private static readonly IList<JsonPropertyInfo> Properties = ProtocolJson.Options.GetTypeInfo(typeof(T)).Properties;
        private static readonly JsonPropertyInfo? Handle = Properties.SingleOrDefault(
            property => property.PropertyType.IsDefined(typeof(RpcMarshalableAttribute), inherit: false));

        /// <summary>
        /// A call's parameters may be one object, or that object as the only element of an array, which is what positional proxies send
        /// (SPEC section "Calls").
        /// </summary>
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            bool isArray = reader.TokenType == JsonTokenType.StartArray;
            if (isArray) reader.Read();

            // The protocol's own options know no such converter, so a batch inside a request is an object and nothing else.
            T value = JsonSerializer.Deserialize<T>(ref reader, ProtocolJson.Options) ?? throw new JsonException();
            if (isArray && (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)) throw new JsonException();
            return value;
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
        {
            if (Handle is not null) WriteByProperty(writer, value, options);
            else JsonSerializer.Serialize(writer, value, ProtocolJson.Options);
        }

        /// <summary>The handle in it is the connection's to write, the rest is not.</summary>
        private static void WriteByProperty(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            foreach (JsonPropertyInfo property in Properties)
            {
                if (property.Get!(value) is not { } member) continue;
                writer.WritePropertyName(property.Name);
                JsonSerializer.Serialize(writer, member, property.PropertyType, property == Handle ? options : ProtocolJson.Options);
            }

            writer.WriteEndObject();
        }
    }
}
