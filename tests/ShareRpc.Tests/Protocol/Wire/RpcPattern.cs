using System.Text.Json;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Protocol.Wire;

/// <summary>
/// What a message must look like: an object has at least the members of the pattern, an array has exactly its elements,
/// anything else is equal. <c>$any</c>, <c>$absent</c>, <c>$count</c> and <c>$save</c> are as
/// protocol/vectors/README.md says.
/// </summary>
internal static class RpcPattern
{
    public static void Match(JsonElement pattern, JsonElement? actual, string at, WireWorld world)
    {
        if (pattern.ValueKind == JsonValueKind.Object && pattern.TryGetProperty("$absent", out _))
        {
            Assert.True(actual is null, $"{at} should be absent: {actual?.GetRawText()}");
            return;
        }

        Assert.True(actual is not null, $"{at} is absent");
        JsonElement value = actual.Value;
        switch (pattern.ValueKind)
        {
            case JsonValueKind.Object when pattern.TryGetProperty("$any", out _):
                break;
            case JsonValueKind.Object when pattern.TryGetProperty("$save", out JsonElement name):
                world.Save(name.GetString()!, value.GetRawText());
                break;
            case JsonValueKind.Object when pattern.TryGetProperty("$count", out JsonElement count):
                Assert.True(count.GetInt32() == value.GetArrayLength(), $"{at} has {value.GetArrayLength()} elements");
                break;
            case JsonValueKind.Object:
                Assert.True(value.ValueKind == JsonValueKind.Object, $"{at} is {value.GetRawText()}");
                foreach (JsonProperty member in pattern.EnumerateObject())
                {
                    JsonElement? inner = value.TryGetProperty(member.Name, out JsonElement found) ? found : null;
                    Match(member.Value, inner, $"{at}.{member.Name}", world);
                }

                break;
            case JsonValueKind.Array:
                MatchAll(pattern, value, at, world);
                break;
            default:
                string expected = JsonSame.Canonical(world.Resolve(pattern.GetRawText()));
                Assert.True(expected == JsonSame.Canonical(value), $"{at} is {value.GetRawText()}, not {expected}");
                break;
        }
    }

    private static void MatchAll(JsonElement pattern, JsonElement value, string at, WireWorld world)
    {
        bool isAsLong = value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == pattern.GetArrayLength();
        Assert.True(isAsLong, $"{at} is {value.GetRawText()}");
        for (int i = 0; i < pattern.GetArrayLength(); i++) Match(pattern[i], value[i], $"{at}[{i}]", world);
    }
}
