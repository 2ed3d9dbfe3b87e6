using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Server.Opencode;

internal static class RawMembers
{
    public static RawJson Without(JsonElement json, bool isDeep, params ReadOnlySpan<string> names)
    {
        var output = new ArrayBufferWriter<byte>(JsonMarshal.GetRawUtf8Value(json).Length + 16);
        Write(output, json, isDeep, names);
        return new RawJson(output.WrittenSpan.ToArray());
    }

    private static void Write(ArrayBufferWriter<byte> output, JsonElement json, bool isDeep, ReadOnlySpan<string> names)
    {
        if (json.ValueKind == JsonValueKind.Object)
        {
            bool isFirst = true;
            output.Write("{"u8);
            foreach (JsonProperty member in json.EnumerateObject())
            {
                if (IsNamed(member, names)) continue;
                output.Write(isFirst ? "\""u8 : ",\""u8);
                output.Write(JsonMarshal.GetRawUtf8PropertyName(member));
                output.Write("\":"u8);
                isFirst = false;
                Copy(output, member.Value, isDeep, names);
            }

            output.Write("}"u8);
        }
        else if (json.ValueKind == JsonValueKind.Array)
        {
            bool isFirst = true;
            output.Write("["u8);
            foreach (JsonElement element in json.EnumerateArray())
            {
                if (!isFirst) output.Write(","u8);
                isFirst = false;
                Copy(output, element, isDeep, names);
            }

            output.Write("]"u8);
        }
        else
        {
            output.Write(JsonMarshal.GetRawUtf8Value(json));
        }
    }

    private static void Copy(ArrayBufferWriter<byte> output, JsonElement value, bool isDeep, ReadOnlySpan<string> names)
    {
        if (isDeep) Write(output, value, isDeep, names);
        else output.Write(JsonMarshal.GetRawUtf8Value(value));
    }

    private static bool IsNamed(JsonProperty member, ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (JsonMembers.IsNamed(member, Encoding.ASCII.GetBytes(name))) return true;
        }

        return false;
    }
}
