using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>
/// What an op makes of its document (SPEC section "Folding"): a total function, so that every reader and the server end with the same state.
/// </summary>
internal static class DocumentFold
{
    /// <summary>The document after the op; null when there is none. <paramref name="data"/> is well formed by <see cref="OpRules"/>.</summary>
    public static RawJson? Apply(RawJson? current, string verb, RawJson? data) => verb switch
    {
        Verbs.Put => data,
        Verbs.Remove => null,
        Verbs.Append => Append(current, data!.Value),
        _ => throw new ArgumentOutOfRangeException(nameof(verb), verb, null),
    };

    /// <summary>
    /// Everything is copied as it is written, escapes and all, and nothing is decoded: a surrogate pair split between two appends comes out
    /// whole, and a lone surrogate survives.
    /// </summary>
    private static RawJson Append(RawJson? current, RawJson data)
    {
        using JsonDocument addition = data.ToDocument();
        ReadOnlySpan<byte> field = JsonMarshal.GetRawUtf8Value(addition.RootElement.GetProperty("field"))[1..^1];
        ReadOnlySpan<byte> text = JsonMarshal.GetRawUtf8Value(addition.RootElement.GetProperty("text"));
        using JsonDocument? document = current?.ToDocument();
        var output = new ArrayBufferWriter<byte>((current?.Utf8.Length ?? 0) + data.Utf8.Length + 16);
        output.Write("{"u8);
        bool found = false;
        if (document?.RootElement.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty member in document.RootElement.EnumerateObject())
            {
                if (output.WrittenCount > 1) output.Write(","u8);
                if (!found && IsNamed(member, field))
                {
                    found = true;
                    WriteJoined(output, field, member.Value, text);
                    continue;
                }

                WriteName(output, JsonMarshal.GetRawUtf8PropertyName(member));
                output.Write(JsonMarshal.GetRawUtf8Value(member.Value));
            }
        }

        if (!found)
        {
            if (output.WrittenCount > 1) output.Write(","u8);
            WriteName(output, field);
            output.Write(text);
        }

        output.Write("}"u8);
        return new RawJson(output.WrittenMemory);
    }

    private static void WriteJoined(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> field, JsonElement left, ReadOnlySpan<byte> right)
    {
        WriteName(output, field);
        if (left.ValueKind == JsonValueKind.String)
        {
            output.Write(JsonMarshal.GetRawUtf8Value(left)[..^1]);
            output.Write(right[1..]);
        }
        else
        {
            output.Write(right);
        }
    }

    private static void WriteName(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> rawName)
    {
        output.Write("\""u8);
        output.Write(rawName);
        output.Write("\":"u8);
    }

    private static bool IsNamed(JsonProperty member, ReadOnlySpan<byte> field)
    {
        ReadOnlySpan<byte> name = JsonMarshal.GetRawUtf8PropertyName(member);
        if (!name.Contains((byte)'\\')) return name.SequenceEqual(field);
        try
        {
            return member.NameEquals(field);
        }
        catch (InvalidOperationException)
        {
            return false; // a lone surrogate: no field is called that
        }
    }
}
