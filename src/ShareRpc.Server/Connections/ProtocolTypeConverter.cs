using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Rpc;
using StreamJsonRpc;

namespace ShareRpc.Server.Connections;

/// <summary>
/// Uses the shared protocol options for protocol types. The RPC layer's per-connection options would cache type
/// metadata per connection.
/// </summary>
internal sealed class ProtocolTypeConverter : JsonConverterFactory
{
    /// <summary>The RPC layer's name for a handle; if it changes, options are just not shared.</summary>
    private const string HandleToken = "MarshalToken";

    private static readonly ConcurrentDictionary<Type, JsonConverter> Converters = [];

    private ProtocolTypeConverter()
    {
    }

    public static ProtocolTypeConverter Instance { get; } = new();

    public override bool CanConvert(Type typeToConvert) =>
        (typeToConvert.IsClass && typeToConvert.Assembly == typeof(IShareGateway).Assembly)
            || IsHandleToken(typeToConvert);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        Converters.GetOrAdd(
        typeToConvert, static type => (JsonConverter)Activator.CreateInstance(
            (IsHandleToken(type) ? typeof(Token<>) : typeof(Of<>)).MakeGenericType(type))!);

    private static bool IsHandleToken(Type type) =>
        type.Name == HandleToken && type.Assembly == typeof(JsonRpc).Assembly;

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
        private static readonly IList<JsonPropertyInfo> Properties =
            ProtocolJson.Options.GetTypeInfo(typeof(T)).Properties;
        private static readonly JsonPropertyInfo? Handle = Properties.SingleOrDefault(
            property => property.PropertyType.IsDefined(typeof(RpcMarshalableAttribute), inherit: false));

        /// <summary>
        /// Parameters are one object, or an array of one, as positional proxies send (RPC-2).
        /// </summary>
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            bool isArray = reader.TokenType == JsonTokenType.StartArray;
            if (isArray) reader.Read();

            // The protocol's options lack this converter, so nested batches are only objects.
            T value = JsonSerializer.Deserialize<T>(ref reader, ProtocolJson.Options) ?? throw new JsonException();
            if (isArray && (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)) throw new JsonException();
            return value;
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
        {
            if (Handle is not null) WriteByProperty(writer, value, options);
            else JsonSerializer.Serialize(writer, value, ProtocolJson.Options);
        }

        /// <summary>The connection's options write the handle; shared options the rest.</summary>
        private static void WriteByProperty(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            foreach (JsonPropertyInfo property in Properties)
            {
                if (property.Get!(value) is not { } member) continue;
                writer.WritePropertyName(property.Name);
                JsonSerializer.Serialize(writer, member, property.PropertyType, property == Handle
                    ? options : ProtocolJson.Options);
            }

            writer.WriteEndObject();
        }
    }
}
