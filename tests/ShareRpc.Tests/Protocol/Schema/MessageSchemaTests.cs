using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Protocol.Schema;

public sealed partial class MessageSchemaTests
{
    private static readonly string CommittedPath = RepositoryRoot.Path("protocol", "schema", "messages.json");
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private readonly JsonElement document = JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(CommittedPath));

    /// <summary>Writes the file when SHARERPC_WRITE_SCHEMA is set, as protocol/schema/README.md says.</summary>
    [Fact]
    public void The_committed_schema_is_that_of_the_types()
    {
        string made = MessageSchema.Make().ToJsonString(Indented) + "\n";
        if (Environment.GetEnvironmentVariable("SHARERPC_WRITE_SCHEMA") is not null)
            File.WriteAllText(CommittedPath, made);
        Assert.Equal(made, File.ReadAllText(CommittedPath));
    }

    [Fact]
    public void The_params_of_every_vector_that_a_server_takes_are_of_the_schema()
    {
        string[] wrong =
        [
            .. VectorSuite.Load("apply").All.SelectMany(vector => Steps(vector)
                .SelectMany(step => Batches(step)).SelectMany(batch => Wrong(vector.Id, "OpBatch", batch))),
            .. VectorSuite.Load("rights").All.SelectMany(vector => Wrong(vector.Id,
                $"{Text(vector, "object")}.{Text(vector, "method")}", "params", vector.Input)),
            .. VectorSuite.Load("rpc").All.SelectMany(vector => vector.Input.GetProperty("steps").EnumerateArray()
                .Where(step => step.TryGetProperty("result", out _) && step.TryGetProperty("call", out _))
                .SelectMany(step => Wrong(vector.Id, MethodOf(step.GetProperty("call").GetString()!), "params", step))),
        ];
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_message_of_a_transcript_is_of_the_schema()
    {
        var methods = new Dictionary<string, string>();
        var wrong = new List<string>();
        foreach (string line in Specification.TranscriptLines)
        {
            JsonElement message = JsonSerializer.Deserialize<JsonElement>(line[3..]);
            if (!message.TryGetProperty("id", out JsonElement id)) continue;
            if (message.TryGetProperty("method", out JsonElement method))
            {
                methods[id.GetRawText()] = MethodOf(method.GetString()!);
                if (message.TryGetProperty("params", out JsonElement given) && given.ValueKind == JsonValueKind.Object
                    && !line.Contains("\"ops\":[]", StringComparison.Ordinal))
                    wrong.AddRange(Wrong(line, methods[id.GetRawText()], "params", message));
            }
            else if (message.TryGetProperty("error", out JsonElement error))
            {
                wrong.AddRange(Wrong(line, "ErrorData", error.GetProperty("data")));
            }
            else if (!line.Contains("\"limits\":{}", StringComparison.Ordinal))
            {
                wrong.AddRange(Wrong(line, methods[id.GetRawText()], "result", message));
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void The_shapes_that_the_specification_shows_have_the_members_of_the_types()
    {
        int seen = 0;
        foreach (Match fence in Fence().Matches(Specification.Pages["SPEC.md"]))
        {
            string text = fence.Groups[1].Value;
            while (Nested().IsMatch(text)) text = Nested().Replace(text, "");
            foreach (Match shape in Shape().Matches(text))
            {
                string name = shape.Groups[1].Value;
                JsonProperty[] methods = [.. document.GetProperty("methods").EnumerateObject()
                    .Where(method => method.Name.EndsWith("." + name, StringComparison.Ordinal))];
                Assert.True(methods.Length > 0, $"{name} is no method");
                Assert.Equal(Members(methods[^1].Value.GetProperty("params")), Names(shape.Groups[2].Value));
                Assert.Equal(Members(methods[^1].Value.GetProperty("result")), Names(shape.Groups[3].Value));
                seen++;
            }
        }

        Assert.True(seen >= 17, $"Only {seen} shapes were found.");
    }

    [Fact]
    public void The_http_api_speaks_of_the_same_members()
    {
        JsonElement http = JsonSerializer.Deserialize<JsonElement>(
            File.ReadAllText(RepositoryRoot.Path("protocol", "openapi.json")))
            .GetProperty("components").GetProperty("schemas");
        foreach ((string there, string here, string[] without) in new[]
        {
            ("Batch", "OpBatch", Array.Empty<string>()), ("Ack", "Ack", []), ("OpCursor", "OpCursor", []),
            ("OpPage", "OpPage", []), ("StatePage", "StatePage", []), ("Error", "ErrorData", ["acked_seq"]),
        })
        {
            Assert.Equal(
                Members(document.GetProperty("$defs").GetProperty(here)).Except(without),
                Members(http.GetProperty(there)));
        }
    }

    private static IEnumerable<JsonElement> Steps(Vector vector) =>
        JsonSerializer.Deserialize<JsonElement>(
            vector.Flags.Contains("big") || vector.Flags.Contains("raw") ? """{"steps":[]}""" : vector.InputText)
            .GetProperty("steps").EnumerateArray();

    private static IEnumerable<JsonElement> Batches(JsonElement step)
    {
        if (step.TryGetProperty("error", out _)) yield break;
        if (step.TryGetProperty("batch", out JsonElement batch)) yield return batch;
        if (!step.TryGetProperty("redeem", out JsonElement batches)) yield break;
        foreach (JsonElement one in batches.EnumerateArray()) yield return one;
    }

    private static string Text(Vector vector, string name) => vector.Input.GetProperty(name).GetString()!;

    /// <summary>The method of an object that has it, whatever the handle is called.</summary>
    private static string MethodOf(string called)
    {
        string name = called[(called.LastIndexOfAny(['/', '.']) + 1)..];
        return name.StartsWith("redeem", StringComparison.Ordinal) ? $"gateway.{name}" : $"share.{name}";
    }

    private IEnumerable<string> Wrong(string of, string method, string part, JsonElement message)
    {
        if (!message.TryGetProperty(part, out JsonElement value)
            || value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
            return [];
        JsonElement methods = document.GetProperty("methods");
        if (!methods.TryGetProperty(method, out JsonElement found)
            && !methods.TryGetProperty(method.Replace("share.", "root.", StringComparison.Ordinal), out found))
            return [];
        if (value.GetRawText() is string text && text.Contains("$raw", StringComparison.Ordinal)) return [];
        value = JsonSerializer.Deserialize<JsonElement>(Generator.Expand(value));
        if (value.ValueKind == JsonValueKind.Array) value = value.EnumerateArray().FirstOrDefault();
        JsonElement schema = found.GetProperty(part);
        return value.ValueKind != JsonValueKind.Object || schema.ValueKind == JsonValueKind.Null ? []
            : new SchemaCheck(document).Errors(schema, WithoutPatterns(value)).Select(error => $"{of}: {error}");
    }

    private IEnumerable<string> Wrong(string of, string definition, JsonElement value) =>
        new SchemaCheck(document).Errors(document.GetProperty("$defs").GetProperty(definition), value)
            .Select(error => $"{of}: {error}");

    /// <summary>Leaves out members that a vector fills in later, or that are null, which counts as absent.</summary>
    private static JsonElement WithoutPatterns(JsonElement value)
    {
        JsonObject copy = JsonSerializer.Deserialize<JsonObject>(value)!;
        foreach ((string name, JsonNode? member) in copy.ToArray())
        {
            if (member is null || member.ToJsonString().Contains("{json:", StringComparison.Ordinal)) copy.Remove(name);
        }

        return JsonSerializer.SerializeToElement(copy);
    }

    private IEnumerable<string> Members(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object) return [];
        if (schema.TryGetProperty("$ref", out JsonElement reference))
            schema = document.GetProperty("$defs").GetProperty(reference.GetString()!["#/$defs/".Length..]);
        return schema.GetProperty("properties").EnumerateObject()
            .Select(member => member.Name).Order(StringComparer.Ordinal);
    }

    private static IEnumerable<string> Names(string shape) =>
        Name().Matches(shape).Select(name => name.Value).Where(name => name != "null").Order(StringComparer.Ordinal);

    [GeneratedRegex("```\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@": (handle|\w+\[\]|\[?\{[^{}]*\}\]?)")]
    private static partial Regex Nested();

    [GeneratedRegex(@"(\w+)\s*(\{[^{}]*\})?\s*->\s*(\{[^{}]*\}|null)")]
    private static partial Regex Shape();

    [GeneratedRegex("[a-z_0-9]+")]
    private static partial Regex Name();
}
