using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Following;

/// <summary>Makes the input of a tool call from what an agent passed.</summary>
internal static class BoundedInput
{
    private const int Deepest = 24;

    /// <summary>Returns an object as it is; one that is too deep as a text, none as an empty object.</summary>
    public static RawJson Of(JsonElement? given)
    {
        if (given is not { ValueKind: JsonValueKind.Object } json) return new RawJson("{}"u8.ToArray());
        RawJson raw = json.Raw();
        return Depth(json) <= Deepest
            ? raw : SessionFormat.Object(writer => writer.WriteString("arguments", raw.ToString()));
    }

    private static int Depth(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => 1 + json.EnumerateObject().Select(member => Depth(member.Value)).DefaultIfEmpty().Max(),
        JsonValueKind.Array => 1 + json.EnumerateArray().Select(Depth).DefaultIfEmpty().Max(),
        _ => 0,
    };
}
