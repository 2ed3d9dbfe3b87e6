using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;

namespace ShareRpc.Protocol.Ops;

/// <summary>
/// Makes what stands in the place of a document that a share does not take: its small values, a note in the place of
/// each large one, and <c>omitted: {size, name, reason}</c>.
/// </summary>
public static class OmittedDocument
{
    /// <summary>The member that tells a placeholder.</summary>
    public const string Member = "omitted";

    public const string TooLarge = "too_large";
    public const string TooDeep = "too_deep";
    public const string InvalidUtf8 = "invalid_utf8";
    public const string InvalidJson = "invalid_json";

    private const int MaxValueBytes = 4096;
    private const int MaxNameLength = 200;
    private const int MaxMembers = 256;
    private const int MaxDepth = 8;
    private const int MaxBytes = 256 * 1024;
    private static readonly string[] Naming = ["filename", "tool", "title", "type"];
    private static readonly string[] Needed = ["id", "sessionID", "messageID", "type", "role", "tool", "callID"];
    private static readonly JsonWriterOptions Options = new() { Encoder = ProtocolJson.Options.Encoder };

    /// <summary>Returns why data cannot be the data of a document; null if it can.</summary>
    public static string? ReasonOf(ReadOnlyMemory<byte> data, ProtocolLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        if (data.Length > limits.OpBytes) return TooLarge;
        if (!Utf8.IsValid(data.Span)) return InvalidUtf8;
        var reader = new Utf8JsonReader(data.Span, new JsonReaderOptions { MaxDepth = limits.DataDepth + 1 });
        try
        {
            bool isContainer = false;
            while (reader.Read())
            {
                if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray)) continue;
                isContainer |= reader.TokenStartIndex == 0 || reader.CurrentDepth == 0;
                if (reader.CurrentDepth >= limits.DataDepth) return TooDeep;
            }

            return isContainer ? null : InvalidJson;
        }
        catch (JsonException)
        {
            return InvalidJson;
        }
    }

    /// <summary>
    /// Returns an op that can be sent: the op itself, or, for a put whose data cannot, the put of a placeholder, with
    /// the reason. Null for an op that is malformed in another way.
    /// </summary>
    public static (OpIntent Op, string? Reason)? Fit(OpIntent op, ProtocolLimits limits)
    {
        ArgumentNullException.ThrowIfNull(op);
        bool isText = op.Data is not { } given || Utf8.IsValid(given.Utf8.Span);
        if (isText && OpRules.Check(op, limits) is null) return (op, null);
        if (op.Verb != Verbs.Put || op.Kind == Kinds.Turn || op.Data is not { } data) return null;
        if (ReasonOf(data.Utf8, limits) is not { } reason) return null;
        OpIntent fitting = op with { Data = Make(op.Kind, data.Utf8, data.Utf8.Length, reason) };
        return OpRules.Check(fitting, limits) is null ? (fitting, reason) : null;
    }

    /// <summary>Makes a placeholder.</summary>
    /// <param name="kind">The kind of the document: its name where nothing in it names it.</param>
    /// <param name="data">What was read of it; may be empty.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="reason">One of the constants of this class.</param>
    /// <param name="ids">Members that it has whatever its data says.</param>
    public static RawJson Make(string kind, ReadOnlyMemory<byte> data, long size, string reason,
        params ReadOnlySpan<(string Name, string Value)> ids)
    {
        using JsonDocument? document = Parse(data);
        JsonElement root = document?.RootElement ?? default;
        byte[] made = Write(kind, root, size, reason, ids, isWhole: true);
        return new RawJson(made.Length <= MaxBytes ? made : Write(kind, root, size, reason, ids, isWhole: false));
    }

    /// <summary>Returns the size, name and reason of a placeholder; null for any other document.</summary>
    public static (long Size, string Name, string Reason)? Read(RawJson data)
    {
        using JsonDocument document = data.ToDocument();
        JsonElement root = document.RootElement;
        if (root.ValueKind == JsonValueKind.Array && root.GetArrayLength() == 1) root = root[0];
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(Member, out JsonElement omitted)
            || omitted.ValueKind != JsonValueKind.Object || !omitted.TryGetProperty("size", out JsonElement size)
            || !size.TryGetInt64(out long bytes))
            return null;
        return (bytes, Text(omitted, "name"), Text(omitted, "reason"));
    }

    private static JsonDocument? Parse(ReadOnlyMemory<byte> data)
    {
        try
        {
            ReadOnlyMemory<byte> text =
                Utf8.IsValid(data.Span) ? data : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(data.Span));
            return JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 1024 });
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Write(string kind, JsonElement root, long size, string reason,
        ReadOnlySpan<(string Name, string Value)> ids, bool isWhole)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            bool isList = root.ValueKind == JsonValueKind.Array && ids.IsEmpty;
            if (isList) json.WriteStartArray();
            json.WriteStartObject();
            var named = new HashSet<string>(StringComparer.Ordinal) { Member };
            foreach ((string name, string value) in ids)
            {
                named.Add(name);
                json.WriteString(name, value);
            }

            if (root.ValueKind == JsonValueKind.Object) WriteMembers(json, root, 1, named, isWhole);
            json.WriteStartObject(Member);
            json.WriteNumber("size", size);
            json.WriteString("name", NameOf(root) ?? kind);
            json.WriteString("reason", reason);
            json.WriteEndObject();
            json.WriteEndObject();
            if (isList) json.WriteEndArray();
        }

        return stream.ToArray();
    }

    private static void WriteMembers(Utf8JsonWriter json, JsonElement value, int depth, HashSet<string> but,
        bool isWhole)
    {
        int count = 0;
        foreach (JsonProperty member in value.EnumerateObject())
        {
            if (++count > MaxMembers) return;
            if (JsonMarshal.GetRawUtf8PropertyName(member).Length > MaxNameLength || NameOf(member) is not { } name
                || but.Contains(name) || (!isWhole && !Needed.Contains(name))) continue;
            json.WritePropertyName(name);
            WriteValue(json, member.Value, depth + 1);
        }
    }

    private static void WriteValue(Utf8JsonWriter json, JsonElement value, int depth)
    {
        ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8Value(value);
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when depth < MaxDepth:
                json.WriteStartObject();
                WriteMembers(json, value, depth, [], isWhole: true);
                json.WriteEndObject();
                break;
            case JsonValueKind.Array when depth < MaxDepth:
                json.WriteStartArray();
                foreach (JsonElement element in value.EnumerateArray().Take(MaxMembers))
                    WriteValue(json, element, depth + 1);
                json.WriteEndArray();
                break;
            case JsonValueKind.Object or JsonValueKind.Array:
            case var _ when raw.Length > MaxValueBytes:
                json.WriteStringValue($"[left out: {raw.Length} bytes]");
                break;
            default:
                json.WriteRawValue(raw, skipInputValidation: true);
                break;
        }
    }

    private static string? NameOf(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) return null;
        foreach (string field in Naming)
        {
            string name = Text(root, field);
            if (name.Length is > 0 and <= MaxNameLength) return name;
        }

        return null;
    }

    /// <summary>Returns null for a name that is no text: a lone surrogate.</summary>
    private static string? NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string Text(JsonElement parent, string field)
    {
        try
        {
            return parent.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()! : "";
        }
        catch (InvalidOperationException)
        {
            return "";
        }
    }
}
