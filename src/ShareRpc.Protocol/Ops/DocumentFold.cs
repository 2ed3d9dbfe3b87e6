using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>SPEC section "Documents". Total: readers and server agree.</summary>
internal static class DocumentFold
{
    /// <summary>
    /// Returns the document after the op; null when there is none. <paramref name="data"/> is well formed by
    /// <see cref="OpRules"/>.
    /// </summary>
    public static RawJson? Apply(RawJson? current, string verb, RawJson? data) => verb switch
    {
        Verbs.Put => data,
        Verbs.Remove => null,
        Verbs.Append => Append(current, data!.Value),
        _ => throw new ArgumentOutOfRangeException(nameof(verb), verb, null),
    };

    /// <summary>
    /// Copies raw text: split surrogate pairs join, lone ones survive. Keeps the last of repeated fields.
    /// </summary>
    private static RawJson Append(RawJson? current, RawJson data)
    {
        using JsonDocument addition = data.ToDocument();
        JsonMembers.TryFind(addition.RootElement, "field"u8, out JsonElement name);
        JsonMembers.TryFind(addition.RootElement, "text"u8, out JsonElement added);
        ReadOnlySpan<byte> field = JsonMarshal.GetRawUtf8Value(name)[1..^1];
        ReadOnlySpan<byte> text = JsonMarshal.GetRawUtf8Value(added);
        using JsonDocument? document = current?.ToDocument();
        var output = new ArrayBufferWriter<byte>((current?.Utf8.Length ?? 0) + data.Utf8.Length + 16);
        output.Write("{"u8);
        bool found = false;
        if (document?.RootElement.ValueKind == JsonValueKind.Object)
        {
            bool known = JsonMembers.TryFind(document.RootElement, field, out JsonElement old);
            foreach (JsonProperty member in document.RootElement.EnumerateObject())
            {
                bool named = known && JsonMembers.IsNamed(member, field);
                if (named && found) continue;
                WriteName(output, named ? field : JsonMarshal.GetRawUtf8PropertyName(member));
                if (named) WriteJoined(output, old, text);
                else output.Write(JsonMarshal.GetRawUtf8Value(member.Value));
                found |= named;
            }
        }

        if (!found)
        {
            WriteName(output, field);
            output.Write(text);
        }

        output.Write("}"u8);
        return new RawJson(output.WrittenMemory);
    }

    private static void WriteJoined(ArrayBufferWriter<byte> output, JsonElement left, ReadOnlySpan<byte> right)
    {
        if (left.ValueKind == JsonValueKind.String)
        {
            output.Write(JsonMarshal.GetRawUtf8Value(left)[..^1]);
            right = right[1..];
        }

        output.Write(right);
    }

    private static void WriteName(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> rawName)
    {
        output.Write(output.WrittenCount > 1 ? ",\""u8 : "\""u8);
        output.Write(rawName);
        output.Write("\":"u8);
    }
}
