using System.Text.Json;
using System.Text.Json.Serialization;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>
/// Writes an op's ready-made bytes when it has them; reads and writes <c>{cursor, op_id, verb, kind, key, data?, ...}</c>, or
/// <c>{cursor, hidden}</c>, otherwise.
/// </summary>
internal sealed class LoggedOpConverter : JsonConverter<LoggedOp>
{
    public override LoggedOp Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        Fields fields = JsonSerializer.Deserialize<Fields>(ref reader, ProtocolJson.Options) ?? throw new JsonException();
        bool isWhole = fields is { OpId: not null, Verb: not null, Kind: not null, Key: not null, Actor: not null };
        if (!isWhole && !fields.Hidden) throw new JsonException();
        return new LoggedOp
        {
            Cursor = fields.Cursor, OpId = fields.OpId ?? "", Verb = fields.Verb ?? "", Kind = fields.Kind ?? "", Key = fields.Key ?? "",
            Data = fields.Data, WriterId = fields.WriterId, Seq = fields.Seq, Actor = fields.Actor ?? "", TimeMs = fields.TimeMs,
            SchemaVersion = fields.SchemaVersion, Hidden = fields.Hidden, Redacted = fields.Redacted,
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
        if (value.Hidden)
        {
            writer.WriteBoolean("hidden"u8, true);
            writer.WriteEndObject();
            return;
        }

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
        if (value.Redacted) writer.WriteBoolean("redacted"u8, true);
        writer.WriteEndObject();
    }

    private sealed record Fields
    {
        public required long Cursor { get; init; }

        public string? OpId { get; init; }

        public string? Verb { get; init; }

        public string? Kind { get; init; }

        public string? Key { get; init; }

        public RawJson? Data { get; init; }

        public string? WriterId { get; init; }

        public long? Seq { get; init; }

        public string? Actor { get; init; }

        public long TimeMs { get; init; }

        public int SchemaVersion { get; init; }

        public bool Hidden { get; init; }

        public bool Redacted { get; init; }
    }
}
