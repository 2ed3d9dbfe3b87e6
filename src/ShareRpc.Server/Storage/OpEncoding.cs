using System.Buffers;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage;

/// <summary>Encodes once for all readers.</summary>
internal static class OpEncoding
{
    public static LoggedOp Encode(LoggedOp op)
    {
        var buffer = new ArrayBufferWriter<byte>(320 + (op.Data?.Utf8.Length ?? 0));
        using (var writer = new Utf8JsonWriter(
            buffer, new JsonWriterOptions { Encoder = ProtocolJson.Options.Encoder, SkipValidation = true }))
        {
            JsonSerializer.Serialize(writer, op, ProtocolJson.Options);
        }

        return op with { Encoded = buffer.WrittenMemory };
    }
}
