using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace ShareRpc.Tests.Protocol.Vectors;

/// <summary>
/// JSON equality as rule FOLD-7 says, on a canonical text: members sorted, numbers by value, strings by UTF-16 unit.
/// Made without the decoding of System.Text.Json, which refuses lone surrogates.
/// </summary>
internal static class JsonSame
{
    public static string Canonical(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 });
        return Canonical(document.RootElement);
    }

    public static string Canonical(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var members = new SortedDictionary<string, string>(StringComparer.Ordinal);
                foreach (JsonProperty member in value.EnumerateObject())
                {
                    members[Unescape(JsonMarshal.GetRawUtf8PropertyName(member))] = Canonical(member.Value);
                }

                return "{" + string.Join(",", members.Select(member => $"{Quote(member.Key)}:{member.Value}")) + "}";
            case JsonValueKind.Array:
                return "[" + string.Join(",", value.EnumerateArray().Select(Canonical)) + "]";
            case JsonValueKind.String:
                return Quote(Unescape(JsonMarshal.GetRawUtf8Value(value)[1..^1]));
            case JsonValueKind.Number:
                return value.TryGetDecimal(out decimal number)
                    ? (number / 1.000000000000000000000000000m).ToString(CultureInfo.InvariantCulture)
                    : value.GetRawText();
            default:
                return value.GetRawText();
        }
    }

    private static string Unescape(ReadOnlySpan<byte> raw)
    {
        string text = Encoding.UTF8.GetString(raw);
        var units = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                units.Append(text[i]);
                continue;
            }

            i++;
            if (text[i] == 'u')
            {
                units.Append(
                    (char)ushort.Parse(text.AsSpan(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                i += 4;
            }
            else
            {
                units.Append(text[i] switch { 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t',
                    char same => same });
            }
        }

        return units.ToString();
    }

    private static string Quote(string units) =>
        "\"" + string.Concat(
            units.Select(unit => unit is >= ' ' and < (char)0x7F and not ('"' or '\\')
                ? $"{unit}" : $"\\u{(int)unit:x4}")) + "\"";
}
