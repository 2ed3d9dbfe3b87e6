using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace ShareRpc.Protocol.Json;

/// <summary>Compares raw text: <see cref="JsonElement"/> lookups throw on lone surrogates.</summary>
internal static class JsonMembers
{
    /// <summary>Returns the last match. Names are ASCII letters, digits and <c>_</c>.</summary>
    public static bool TryFind(JsonElement json, ReadOnlySpan<byte> name, out JsonElement value)
    {
        value = default;
        if (json.ValueKind != JsonValueKind.Object) return false;
        bool found = false;
        foreach (JsonProperty member in json.EnumerateObject())
        {
            if (!IsNamed(member, name)) continue;
            value = member.Value;
            found = true;
        }

        return found;
    }

    public static bool IsNamed(JsonProperty member, ReadOnlySpan<byte> name) =>
        Spells(JsonMarshal.GetRawUtf8PropertyName(member), name);

    public static bool IsText(JsonElement json, ReadOnlySpan<byte> word) =>
        json.ValueKind == JsonValueKind.String && Spells(JsonMarshal.GetRawUtf8Value(json)[1..^1], word);

    public static bool Spells(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> word)
    {
        foreach (byte expected in word)
        {
            if (raw.IsEmpty) return false;
            if (raw[0] == expected)
            {
                raw = raw[1..];
                continue;
            }

            // Only \u escapes differ.
            if (raw is not [(byte)'\\', (byte)'u', _, _, _, _, ..]) return false;
            if (!Utf8Parser.TryParse(raw[2..6], out ushort unit, out int read, 'x') || read != 4 || unit != expected)
                return false;
            raw = raw[6..];
        }

        return raw.IsEmpty;
    }
}
