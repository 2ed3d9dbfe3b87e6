using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Following;

/// <summary>
/// Reads records that nobody vouches for: a member that is missing or of another type is null, and text that is no
/// UTF-8 is read with replacement characters.
/// </summary>
internal static class RecordFields
{
    private static readonly JsonDocumentOptions ParseOptions = new() { MaxDepth = 64 };

    /// <summary>Parses a line of its own bytes; null unless it is a JSON object.</summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> utf8)
    {
        if (!Utf8.IsValid(utf8.Span)) utf8 = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8.Span));
        try
        {
            var document = JsonDocument.Parse(utf8, ParseOptions);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
        }
        catch (JsonException)
        {
            // Not a record.
        }

        return null;
    }

    /// <summary>Parses JSON that stands in a text; null unless it is an object.</summary>
    public static JsonDocument? Parse(string? text) =>
        text is not null && text.AsSpan().TrimStart() is ['{', ..] ? Parse(Encoding.UTF8.GetBytes(text)) : null;

    /// <summary>Returns a member below members.</summary>
    public static JsonElement? Find(this JsonElement json, params ReadOnlySpan<string> path)
    {
        foreach (string name in path)
        {
            if (!JsonMembers.TryFind(json, Encoding.UTF8.GetBytes(name), out json)) return null;
        }

        return json.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined ? null : json;
    }

    /// <summary>Returns a text.</summary>
    public static string? Text(this JsonElement json, params ReadOnlySpan<string> path) =>
        json.Find(path) is { ValueKind: JsonValueKind.String } value ? value.AsText() : null;

    /// <summary>Returns a number without a fraction.</summary>
    public static long? Number(this JsonElement json, params ReadOnlySpan<string> path) =>
        json.Find(path) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out long number)
            ? number : null;

    /// <summary>Returns whether a member is true.</summary>
    public static bool IsTrue(this JsonElement json, params ReadOnlySpan<string> path) =>
        json.Find(path) is { ValueKind: JsonValueKind.True };

    /// <summary>Returns an object.</summary>
    public static JsonElement? Object(this JsonElement json, params ReadOnlySpan<string> path) =>
        json.Find(path) is { ValueKind: JsonValueKind.Object } value ? value : null;

    /// <summary>Returns the items of a list; none if there is no list.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement json, params ReadOnlySpan<string> path) =>
        json.Find(path) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : [];

    /// <summary>Returns the items that are texts.</summary>
    public static IEnumerable<string> Texts(this JsonElement json, params ReadOnlySpan<string> path) =>
        json.Items(path).Where(item => item.ValueKind == JsonValueKind.String).Select(AsText);

    /// <summary>Returns a time as milliseconds since 1970.</summary>
    public static long? Time(this JsonElement json, params ReadOnlySpan<string> path) =>
        json.Find(path) is { ValueKind: JsonValueKind.String } value && DateTimeOffset.TryParse(
            value.AsText(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUnixTimeMilliseconds() : null;

    /// <summary>Returns the texts of the members <c>text</c> of a list's items.</summary>
    public static IEnumerable<string> TextsOfItems(this JsonElement json, params ReadOnlySpan<string> path) =>
        json.Items(path).Select(item => item.Text("text")).OfType<string>();

    /// <summary>Returns the bytes of a value as they are.</summary>
    public static RawJson Raw(this JsonElement json) => RawJson.Of(json);

    /// <summary>Returns the text of a string, with replacement characters for lone surrogates.</summary>
    public static string AsText(this JsonElement json)
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate, written as an escape.
            string raw = Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(json));
            return WithoutLoneSurrogates(raw);
        }
    }

    private static string WithoutLoneSurrogates(string raw)
    {
        var text = new StringBuilder(raw);
        for (int at = 0; at + 1 < text.Length; at++)
        {
            if (text[at] != '\\') continue;
            if (Surrogate(text, at) is not { } isHigh)
            {
                at++;
            }
            else if (isHigh && Surrogate(text, at + 6) == false)
            {
                at += 11;
            }
            else
            {
                text.Remove(at, 6).Insert(at, '\uFFFD');
            }
        }

        return JsonSerializer.Deserialize<string>(text.ToString())!;
    }

    /// <summary>Returns whether an escape is the first of a pair, or the second; null if it is neither.</summary>
    private static bool? Surrogate(StringBuilder text, int at)
    {
        if (at + 6 > text.Length || text[at] != '\\' || text[at + 1] != 'u') return null;
        bool isUnit = ushort.TryParse(
            text.ToString(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit);
        if (!isUnit || !char.IsSurrogate((char)unit)) return null;
        return char.IsHighSurrogate((char)unit);
    }
}
