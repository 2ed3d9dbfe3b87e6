using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Server.Append;

/// <summary>
/// Digests a value so that equal JSON (SPEC [FOLD-7]) has equal digests: whatever the order of members, the escapes of
/// strings and the spelling of numbers.
/// </summary>
internal static class JsonDigest
{
    /// <summary>Returns 32 bytes; null for a value with a lone surrogate, which equals none.</summary>
    public static byte[]? Of(RawJson json)
    {
        using JsonDocument document = json.ToDocument();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            Add(hash, document.RootElement);
            return hash.GetHashAndReset();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static void Add(IncrementalHash hash, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                // Of a repeated member the last one counts ([OP-11]).
                var members = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
                foreach (JsonProperty member in value.EnumerateObject()) members[member.Name] = member.Value;
                Add(hash, '{', members.Count);
                foreach ((string name, JsonElement member) in members)
                {
                    Add(hash, 's', name);
                    Add(hash, member);
                }

                break;
            case JsonValueKind.Array:
                Add(hash, '[', value.GetArrayLength());
                foreach (JsonElement element in value.EnumerateArray()) Add(hash, element);
                break;
            case JsonValueKind.String:
                Add(hash, 's', value.GetString()!);
                break;
            case JsonValueKind.Number:
                Add(hash, 'n', Normalize(value.GetRawText()));
                break;
            default:
                Add(hash, (char)('a' + (int)value.ValueKind), 0);
                break;
        }
    }

    private static void Add(IncrementalHash hash, char type, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Add(hash, type, utf8.Length);
        hash.AppendData(utf8);
    }

    private static void Add(IncrementalHash hash, char type, int length)
    {
        Span<byte> head = stackalloc byte[5];
        head[0] = (byte)type;
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], length);
        hash.AppendData(head);
    }

    /// <summary>Returns sign, digits without zeros at either end, and the exponent of the last digit.</summary>
    private static string Normalize(string number)
    {
        bool isNegative = number[0] == '-';
        int end = number.AsSpan().IndexOfAny('e', 'E');
        string exponent = end < 0 ? "0" : number[(end + 1)..];
        string mantissa = number[(isNegative ? 1 : 0)..(end < 0 ? number.Length : end)];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        int fraction = point < 0 ? 0 : mantissa.Length - point - 1;
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal).TrimStart('0');
        string shortest = digits.TrimEnd('0');
        if (shortest.Length == 0) return "0";

        // An exponent of thousands of digits is spelled as it is: no other spelling of such a number is found equal.
        if (!long.TryParse(exponent, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long power)
            || Math.Abs(power) > int.MaxValue) return number;
        power += digits.Length - shortest.Length - fraction;
        return string.Create(CultureInfo.InvariantCulture, $"{(isNegative ? "-" : "")}{shortest}e{power}");
    }
}
