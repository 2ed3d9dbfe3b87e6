using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace ShareRpc.Protocol.Json;

/// <summary>
/// Looks for members and compares strings as they are written. <see cref="JsonElement"/>'s own look-ups decode, and
/// decoding a lone surrogate, which is valid JSON that agents do write, throws.
/// </summary>
internal static class JsonMembers
{
    /// <summary>
    /// Returns the last member of that name, as a repeated one counts; false without one. The name is ASCII letters,
    /// digits and <c>_</c>.
    /// </summary>
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

    /// <summary>Returns true for a member of that name.</summary>
    public static bool IsNamed(JsonProperty member, ReadOnlySpan<byte> name) =>
        Spells(JsonMarshal.GetRawUtf8PropertyName(member), name);

    /// <summary>Returns true for a string of that word.</summary>
    public static bool IsText(JsonElement json, ReadOnlySpan<byte> word) =>
        json.ValueKind == JsonValueKind.String && Spells(JsonMarshal.GetRawUtf8Value(json)[1..^1], word);

    /// <summary>Returns whether a name or string as written, without its quotes, is that word.</summary>
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

            // The only other way to write a letter, a digit or an underscore.
            if (raw is not [(byte)'\\', (byte)'u', _, _, _, _, ..]) return false;
            if (!Utf8Parser.TryParse(raw[2..6], out ushort unit, out int read, 'x') || read != 4 || unit != expected)
                return false;
            raw = raw[6..];
        }

        return raw.IsEmpty;
    }
}
