using System.Text.Json;
using System.Text.RegularExpressions;

namespace ShareRpc.Tests.Protocol.Schema;

/// <summary>
/// As much of JSON Schema as openapi.json and the files of schema/ use; a keyword that it does not know is an error,
/// not a pass.
/// </summary>
internal sealed class SchemaCheck(JsonElement document)
{
    /// <summary>What is wrong with a value; empty when it is as the schema says.</summary>
    public IEnumerable<string> Errors(JsonElement schema, JsonElement value, string at = "$") =>
        schema.ValueKind == JsonValueKind.True
            ? [] : schema.EnumerateObject().SelectMany(keyword => Errors(keyword, schema, value, at));

    private IEnumerable<string> Errors(JsonProperty keyword, JsonElement schema, JsonElement value, string at) =>
        keyword.Name switch
    {
        "$ref" => Errors(Resolve(keyword.Value.GetString()!), value, at),
        "type" => IsType(keyword.Value.GetString()!, value) ? [] : [$"{at}: {value.ValueKind} is no {keyword.Value}"],
        "required" when value.ValueKind != JsonValueKind.Object => [],
        "properties" when value.ValueKind != JsonValueKind.Object => [],
        "items" when value.ValueKind != JsonValueKind.Array => [],
        "required" => keyword.Value.EnumerateArray().Select(name => name.GetString()!)
            .Where(name => !value.TryGetProperty(name, out _)).Select(name => $"{at}: {name} is missing"),
        "properties" => value.EnumerateObject().SelectMany(member =>
            keyword.Value.TryGetProperty(member.Name, out JsonElement of)
                ? Errors(of, member.Value, $"{at}.{member.Name}") : []),
        "additionalProperties" => value.EnumerateObject()
            .Where(member => !schema.GetProperty("properties").TryGetProperty(member.Name, out _))
            .Select(member => $"{at}: {member.Name} is not in the schema"),
        "items" => value.EnumerateArray().SelectMany((item, i) => Errors(keyword.Value, item, $"{at}[{i}]")),
        "allOf" => keyword.Value.EnumerateArray().SelectMany(of => Errors(of, value, at)),
        "if" => Errors(keyword.Value, value, at).Any() ? [] : Errors(schema.GetProperty("then"), value, at),
        "not" => Errors(keyword.Value, value, at).Any() ? [] : [$"{at}: is what it must not be"],
        "const" => JsonElement.DeepEquals(keyword.Value, value) ? [] : [$"{at}: {value} is not {keyword.Value}"],
        "oneOf" => keyword.Value.EnumerateArray().Count(of => !Errors(of, value, at).Any()) == 1
            ? [] : [$"{at}: not one of the forms"],
        "enum" => keyword.Value.EnumerateArray().Any(of => JsonElement.DeepEquals(of, value))
            ? [] : [$"{at}: {value} is no such word"],
        "pattern" =>
            Regex.IsMatch(value.GetString()!, keyword.Value.GetString()!) ? [] : [$"{at}: {value} does not match"],
        "minimum" => value.GetInt64() >= keyword.Value.GetInt64() ? [] : [$"{at}: {value} is too small"],
        "description" or "title" or "then" or "$schema" or "$defs" => [],
        _ => throw new NotSupportedException($"The check does not know {keyword.Name}."),
    };

    private static bool IsType(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        _ => throw new NotSupportedException($"The check does not know the type {type}."),
    };

    private JsonElement Resolve(string reference) =>
        reference[2..].Split('/').Aggregate(document, (element, name) => element.GetProperty(name));
}
