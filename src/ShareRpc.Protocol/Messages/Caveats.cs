using System.Text.Json;
using System.Text.Json.Serialization;

namespace ShareRpc.Protocol.Messages;

/// <summary>Limits of a ref and its descendants (SPEC section "Caveats"). Unknown ones are refused.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record Caveats
{
    public static readonly Caveats None = new();

    /// <summary>Gets the expiry, in Unix ms.</summary>
    public long? ExpiresAtMs { get; init; }

    /// <summary>Gets the expiry if never redeemed, in Unix ms.</summary>
    public long? UnusedExpiresAtMs { get; init; }

    /// <summary>Gets redemptions including descendants, 1 to 1,000,000, without grants' own.</summary>
    public int? MaxUses { get; init; }

    /// <summary>Gets a grant's ms, 1,000 to 31,536,000,000. Default: 24 h.</summary>
    public long? GrantMs { get; init; }

    /// <summary>Gets the kinds to append, 1 to 64.</summary>
    public IReadOnlyList<string>? AppendKinds { get; init; }

    /// <summary>Gets readable kinds with up to 64 top-level fields; null for all fields.</summary>
    [JsonConverter(typeof(ReadableConverter))]
    public IReadOnlyDictionary<string, IReadOnlyList<string>?>? Readable { get; init; }

    /// <summary>Gets <see cref="Redactions"/>; any of them hides unknown kinds and fields.</summary>
    public IReadOnlyList<string>? Redact { get; init; }

    /// <summary>Gets true to hide comments; otherwise absent.</summary>
    public bool? NoComments { get; init; }

    /// <summary>Gets ops per UTC day, including descendants.</summary>
    public long? MaxOpsPerDay { get; init; }

    /// <summary>Gets data bytes per UTC day, including descendants.</summary>
    public long? MaxBytesPerDay { get; init; }

    /// <summary>Gets how many shares there may be at a time that it or a descendant made.</summary>
    public long? MaxShares { get; init; }

    /// <summary>Gets the data bytes of all ops that shares which are not deleted took by it, or below it.</summary>
    public long? MaxBytes { get; init; }
}

/// <summary>Values of <c>redact</c>.</summary>
public static class Redactions
{
    /// <summary>Hides tool inputs and outputs.</summary>
    public const string Tools = "tools";

    /// <summary>Hides model reasoning.</summary>
    public const string Reasoning = "reasoning";

    /// <summary>Hides files, diffs, text that quotes files, and tools.</summary>
    public const string Files = "files";

    /// <summary>Gets all words.</summary>
    public static IReadOnlyList<string> All { get; } = [Tools, Reasoning, Files];
}

/// <summary><c>{kind: true | [field, ...]}</c>.</summary>
internal sealed class ReadableConverter : JsonConverter<IReadOnlyDictionary<string, IReadOnlyList<string>?>>
{
    public override IReadOnlyDictionary<string, IReadOnlyList<string>?> Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException();
        var readable = new Dictionary<string, IReadOnlyList<string>?>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string kind = reader.GetString()!;
            reader.Read();
            if (!readable.TryAdd(kind, ReadFields(ref reader))) throw new JsonException();
        }

        return readable;
    }

    public override void Write(
        Utf8JsonWriter writer, IReadOnlyDictionary<string, IReadOnlyList<string>?> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach ((string kind, IReadOnlyList<string>? fields) in value)
        {
            writer.WritePropertyName(kind);
            if (fields is null) writer.WriteBooleanValue(true);
            else JsonSerializer.Serialize(writer, fields, options);
        }

        writer.WriteEndObject();
    }

    private static List<string>? ReadFields(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.True) return null;
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException();
        var fields = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            fields.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException());
        }

        return fields;
    }
}
