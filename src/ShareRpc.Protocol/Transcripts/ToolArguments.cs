using System.Text.Json;

namespace ShareRpc.Protocol.Transcripts;

/// <summary>Looks at what a tool was called with, so that a mistake is told in words and not by an exception.</summary>
internal static class ToolArguments
{
    /// <summary>Returns what is wrong and what to do; null if nothing is.</summary>
    /// <param name="tool">The name of the tool.</param>
    /// <param name="schema">The JSON Schema of its arguments: an object of properties of simple types.</param>
    /// <param name="given">What came.</param>
    public static string? Fault(string tool, JsonElement schema, IDictionary<string, JsonElement>? given)
    {
        if (!schema.TryGetProperty("properties", out JsonElement properties)) return null;
        if (schema.TryGetProperty("required", out JsonElement required))
        {
            foreach (string name in required.EnumerateArray().Select(one => one.GetString()!))
            {
                bool isThere = given?.TryGetValue(name, out JsonElement value) == true
                    && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined);
                if (isThere) continue;
                return $"{tool} needs {name}: {DescriptionOf(properties, name)} Call {tool} again with it.";
            }
        }

        foreach ((string name, JsonElement value) in given ?? new Dictionary<string, JsonElement>())
        {
            if (!properties.TryGetProperty(name, out JsonElement property) || IsOf(property, value)) continue;
            return $"{name} of {tool} must be {TypeOf(property)}: {DescriptionOf(properties, name)} "
                + $"Call {tool} again with that, or without {name}.";
        }

        return null;
    }

    private static string DescriptionOf(JsonElement properties, string name)
    {
        string text = properties.TryGetProperty(name, out JsonElement property)
            && property.TryGetProperty("description", out JsonElement described) ? described.GetString()! : name;
        return text.EndsWith('.') ? text : text + ".";
    }

    private static string TypeOf(JsonElement property) =>
        string.Join(" or ", Types(property).Where(type => type != "null"));

    private static IEnumerable<string> Types(JsonElement property)
    {
        if (!property.TryGetProperty("type", out JsonElement type)) return [];
        return type.ValueKind == JsonValueKind.Array
            ? type.EnumerateArray().Select(one => one.GetString()!) : [type.GetString()!];
    }

    private static bool IsOf(JsonElement property, JsonElement value)
    {
        string[] types = [.. Types(property)];
        return types.Length == 0 || types.Any(type => type switch
        {
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _),
            "number" => value.ValueKind == JsonValueKind.Number,
            "string" => value.ValueKind == JsonValueKind.String,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "null" => value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined,
            _ => true,
        });
    }
}
