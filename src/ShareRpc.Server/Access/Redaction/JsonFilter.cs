using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Server.Access.Redaction;

/// <summary>Copies allowed members byte for byte.</summary>
internal static class JsonFilter
{
    public static RawJson Copy(RawJson data, FieldTree tree, Func<string, bool> isReadable, out bool isWhole)
    {
        using JsonDocument document = data.ToDocument();
        var output = new ArrayBufferWriter<byte>(data.Utf8.Length);
        isWhole = CopyValue(document.RootElement, tree, isReadable, output);
        return new RawJson(output.WrittenMemory);
    }

    private static bool CopyValue(
        JsonElement value, FieldTree tree, Func<string, bool>? isReadable, ArrayBufferWriter<byte> output)
    {
        bool isCopied = value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array)
            || (tree.IsAll && isReadable is null);
        if (!isCopied)
        {
            return value.ValueKind == JsonValueKind.Object
                ? CopyObject(value, tree, isReadable, output)
                : CopyArray(value, tree, isReadable, output);
        }

        bool isShown = IsShown(value, tree);
        output.Write(isShown ? JsonMarshal.GetRawUtf8Value(value) : "null"u8);
        return isShown;
    }

    private static bool CopyObject(
        JsonElement value, FieldTree tree, Func<string, bool>? isReadable, ArrayBufferWriter<byte> output)
    {
        List<(JsonProperty Member, FieldTree? Below)> shown = [];
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        bool isWhole = true;
        foreach (JsonProperty member in value.EnumerateObject())
        {
            string? name = NameOf(member);
            FieldTree? below = name is null || isReadable?.Invoke(name) == false ? null : tree.Find(name);
            isWhole &= below is not null;

            // Of a repeated member the last one counts, and the others were looked at by nobody.
            if (below is { IsAll: false })
            {
                if (places.TryGetValue(name!, out int at)) (isWhole, shown[at]) = (false, default);
                places[name!] = shown.Count;
            }

            if (below is not null) shown.Add((member, below));
        }

        bool isFirst = true;
        output.Write("{"u8);
        foreach ((JsonProperty member, FieldTree? below) in shown)
        {
            if (below is null) continue;
            bool isOfType = IsShown(member.Value, below);
            isWhole &= isOfType;
            if (!isOfType) continue;
            if (!isFirst) output.Write(","u8);
            isFirst = false;
            output.Write("\""u8);
            output.Write(JsonMarshal.GetRawUtf8PropertyName(member));
            output.Write("\":"u8);
            isWhole &= CopyValue(member.Value, below, null, output);
        }

        output.Write("}"u8);
        return isWhole;
    }

    private static bool CopyArray(
        JsonElement value, FieldTree tree, Func<string, bool>? isReadable, ArrayBufferWriter<byte> output)
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

    /// <summary>
    /// Returns whether a value is of the listed type; what is in an object or array is looked at later.
    /// </summary>
    private static bool IsShown(JsonElement value, FieldTree tree) => value.ValueKind switch
    {
        JsonValueKind.Null => true,
        JsonValueKind.Object or JsonValueKind.Array => tree.Type is FieldType.Members or FieldType.Anything,
        JsonValueKind.String => tree.Type is FieldType.Text or FieldType.Anything,
        JsonValueKind.Number => tree.Type is FieldType.Number or FieldType.Anything,
        _ => tree.Type is FieldType.Flag or FieldType.Anything,
    };

    /// <summary>Returns null for a name that is not plain text once decoded; no allow-list has one.</summary>
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
