using System.Buffers;
using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Server.CapnWeb.Values;

/// <summary>Errors as the protocol writes them; properties of one of ours are its <see cref="ErrorData"/>.</summary>
internal static class CapErrors
{
    public static SpecialValue Of(ShareRpcException error) =>
        Write("Error", error.Message, ErrorData.From(error));

    /// <summary>Says in its own words what the code stands for.</summary>
    public static SpecialValue Of(ErrorCode code, string text) =>
        Write("Error", text, ErrorData.From(new ShareRpcException(code)));

    public static SpecialValue Of(string name, string text) => Write(name, text, data: null);

    /// <summary>Refuses what this server has no use for.</summary>
    public static SpecialValue Unsupported(string kind) => Write("TypeError",
        $"This server takes no {kind}: streams, blobs, fetch objects and map() are not part of it.",
        ErrorData.From(new ShareRpcException(ErrorCode.InvalidParams)));

    private static SpecialValue Write(string name, string text, ErrorData? data)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = ProtocolJson.Options.Encoder }))
        {
            writer.WriteStartArray();
            writer.WriteStringValue("error"u8);
            writer.WriteStringValue(name);
            writer.WriteStringValue(text);
            if (data is not null)
            {
                writer.WriteNullValue();
                JsonSerializer.Serialize(writer, data, ProtocolJson.Options); // it holds no array
            }

            writer.WriteEndArray();
        }

        return new SpecialValue("error", bytes.WrittenMemory);
    }
}
