using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Server.Access.Redaction;

/// <summary>Copies what an allow-list lets through, byte for byte, and says whether that was all.</summary>
internal static class JsonFilter
{
    public static RawJson Copy(RawJson data, FieldTree tree, Func<string, bool> isReadable, out bool isWhole)
    {
        using JsonDocument document = data.ToDocument();
        var output = new ArrayBufferWriter<byte>(data.Utf8.Length);
        isWhole = CopyValue(document.RootElement, tree, isReadable, output);
        return new RawJson(output.WrittenMemory);
    }

    private static bool CopyValue(JsonElement value, FieldTree tree, Func<string, bool>? isReadable, ArrayBufferWriter<byte> output)
    {
        switch (value.ValueKind)
        {
            case var _ when tree.IsAll && isReadable is null:
                output.Write(JsonMarshal.GetRawUtf8Value(value));
                return true;
            case JsonValueKind.Object:
                return CopyObject(value, tree, isReadable, output);
            case JsonValueKind.Array:
                return CopyArray(value, tree, isReadable, output);
            default:
                output.Write("null"u8); // an object was expected here: whatever this is, nobody has looked at it
                return false;
        }
    }

    private static bool CopyObject(JsonElement value, FieldTree tree, Func<string, bool>? isReadable, ArrayBufferWriter<byte> output)
    {
        bool isWhole = true;
        bool isFirst = true;
        output.Write("{"u8);
        foreach (JsonProperty member in value.EnumerateObject())
        {
            string? name = NameOf(member);
            FieldTree? below = name is null || isReadable?.Invoke(name) == false ? null : tree.Find(name);
            bool isShown = below is not null && (below.IsAll || member.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array);
            isWhole &= isShown;
            if (!isShown) continue;
            if (!isFirst) output.Write(","u8);
            isFirst = false;
            output.Write("\""u8);
            output.Write(JsonMarshal.GetRawUtf8PropertyName(member));
            output.Write("\":"u8);
            isWhole &= CopyValue(member.Value, below!, null, output);
        }

        output.Write("}"u8);
        return isWhole;
    }

    private static bool CopyArray(JsonElement value, FieldTree tree, Func<string, bool>? isReadable, ArrayBufferWriter<byte> output)
    {
        bool isWhole = true;
        bool isFirst = true;
        output.Write("["u8);
        foreach (JsonElement element in value.EnumerateArray())
        {
            if (!isFirst) output.Write(","u8);
            isFirst = false;
            isWhole &= CopyValue(element, tree, isReadable, output);
        }

        output.Write("]"u8);
        return isWhole;
    }

    /// <summary>Null for a name that is not plain text once decoded; no allow-list has one.</summary>
    private static string? NameOf(JsonProperty member)
    {
        ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8PropertyName(member);
        if (!raw.Contains((byte)'\\')) return Encoding.UTF8.GetString(raw);
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
