using System.Text.Json;
using System.Text.Json.Serialization;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>An op in the log.</summary>
[JsonConverter(typeof(LoggedOpConverter))]
public sealed record LoggedOp
{
    /// <summary>Gets the log position, from 1 without gaps.</summary>
    public required long Cursor { get; init; }

    public required string OpId { get; init; }

    public required string Verb { get; init; }

    public required string Kind { get; init; }

    public required string Key { get; init; }

    public RawJson? Data { get; init; }

    /// <summary>Gets the writer, if any.</summary>
    public string? WriterId { get; init; }

    public long? Seq { get; init; }

    /// <summary>Gets the appending cap id.</summary>
    public required string Actor { get; init; }

    /// <summary>Gets the server time, in Unix ms.</summary>
    public required long TimeMs { get; init; }

    /// <summary>Gets the protocol version.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>Gets whether it is hidden: only the cursor is set.</summary>
    public bool Hidden { get; init; }

    /// <summary>
    /// Gets whether some of the op is hidden from this reader. Without an op id, all but its document is: with the verb
    /// <c>remove</c> the document is hidden from now on; without a verb it stays as it was for this reader.
    /// </summary>
    public bool Redacted { get; init; }

    /// <summary>Server only.</summary>
    internal int ContentClass { get; init; }

    /// <summary>Server only.</summary>
    internal int ClassBefore { get; init; }

    /// <summary>Shared by readers.</summary>
    internal ReadOnlyMemory<byte> Encoded { get; init; }
}

internal sealed class LoggedOpConverter : JsonConverter<LoggedOp>
{
    public override LoggedOp Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        Fields fields = JsonSerializer.Deserialize<Fields>(ref reader, ProtocolJson.Options)
            ?? throw new JsonException();
        bool isWhole = fields is { OpId: not null, Verb: not null, Kind: not null, Key: not null, Actor: not null };
        bool isReduced = fields is { Redacted: true, Kind: not null, Key: not null };
        if (!isWhole && !isReduced && !fields.Hidden) throw new JsonException();
        return new LoggedOp
        {
            Cursor = fields.Cursor, OpId = fields.OpId ?? "", Verb = fields.Verb ?? "", Kind = fields.Kind ?? "",
            Key = fields.Key ?? "",
            Data = fields.Data, WriterId = fields.WriterId, Seq = fields.Seq, Actor = fields.Actor ?? "",
            TimeMs = fields.TimeMs,
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

        if (value.OpId.Length > 0) writer.WriteString("op_id"u8, value.OpId);
        if (value.Verb.Length > 0) writer.WriteString("verb"u8, value.Verb);
        writer.WriteString("kind"u8, value.Kind);
        writer.WriteString("key"u8, value.Key);
        if (value.OpId.Length == 0)
        {
            writer.WriteBoolean("redacted"u8, value.Redacted);
            writer.WriteEndObject();
            return;
        }

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
