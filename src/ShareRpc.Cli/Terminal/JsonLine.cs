using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ShareRpc.Cli.Terminal;

/// <summary>
/// An object as one line of JSON: snake_case fields, absent instead of null, readable text, and nothing that could drive a terminal.
/// </summary>
internal static class JsonLine
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Of<T>(T record)
    {
        string json = JsonSerializer.Serialize(record, Options);

        // Data of ops is passed on as it arrived; these characters are legal in a JSON string, and so is their escape.
        if (!json.Any(IsActive)) return json;
        var safe = new StringBuilder(json.Length);
        foreach (char character in json)
        {
            if (IsActive(character)) safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            else safe.Append(character);
        }

        return safe.ToString();
    }

    private static bool IsActive(char character) =>
        char.IsControl(character) || character is '\u2028' or '\u2029' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
