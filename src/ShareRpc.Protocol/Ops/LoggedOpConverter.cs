using System.Text.Json;
using System.Text.Json.Serialization;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>
/// Writes an op's ready-made bytes when it has them; reads and writes <c>{cursor, op_id, verb, kind, key, data?, ...}</c> otherwise.
/// </summary>
internal sealed class LoggedOpConverter : JsonConverter<LoggedOp>
{
    public override LoggedOp Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        Fields fields = JsonSerializer.Deserialize<Fields>(ref reader, ProtocolJson.Options) ?? throw new JsonException();
        return new LoggedOp
        {
            Cursor = fields.Cursor, OpId = fields.OpId, Verb = fields.Verb, Kind = fields.Kind, Key = fields.Key, Data = fields.Data,
            WriterId = fields.WriterId, Seq = fields.Seq, Actor = fields.Actor, TimeMs = fields.TimeMs,
            SchemaVersion = fields.SchemaVersion,
        };
    }

    public override void Write(Utf8JsonWriter writer, LoggedOp value, JsonSerializerOptions options)
    {
        if (!value.Encoded.IsEmpty)
        {
            writer.WriteRawValue(value.Encoded.Span, skipInputValidation: true);
            return;
        }

        writer.WriteStartObject();
        writer.WriteNumber("cursor"u8, value.Cursor);
        writer.WriteString("op_id"u8, value.OpId);
        writer.WriteString("verb"u8, value.Verb);
        writer.WriteString("kind"u8, value.Kind);
        writer.WriteString("key"u8, value.Key);
        if (value.Data is { } data)
        {
            writer.WritePropertyName("data"u8);
            writer.WriteRawValue(data.Utf8.Span, skipInputValidation: true);
        }

        if (value.WriterId is not null) writer.WriteString("writer_id"u8, value.WriterId);
        if (value.Seq is { } seq) writer.WriteNumber("seq"u8, seq);
        writer.WriteString("actor"u8, value.Actor);
        writer.WriteNumber("time_ms"u8, value.TimeMs);
        writer.WriteNumber("schema_version"u8, value.SchemaVersion);
        writer.WriteEndObject();
    }

    private sealed record Fields
    {
        public required long Cursor { get; init; }

        public required string OpId { get; init; }

        public required string Verb { get; init; }

        public required string Kind { get; init; }

        public required string Key { get; init; }

        public RawJson? Data { get; init; }

        public string? WriterId { get; init; }

        public long? Seq { get; init; }

        public required string Actor { get; init; }

        public required long TimeMs { get; init; }

        public required int SchemaVersion { get; init; }
    }
}
