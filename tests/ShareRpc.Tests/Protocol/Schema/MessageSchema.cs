using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Tests.Protocol.Schema;

/// <summary>Makes the JSON Schema of every message from its C# type.</summary>
internal static class MessageSchema
{
    private const string LoggedOpForms = """
        {"oneOf": [
          {"type": "object",
           "required": ["cursor", "op_id", "verb", "kind", "key", "actor", "time_ms", "schema_version"],
           "properties": {
             "cursor": {"type": "integer"}, "op_id": {"type": "string"}, "verb": {"type": "string"},
             "kind": {"type": "string"}, "key": {"type": "string"}, "data": {}, "writer_id": {"type": "string"},
             "seq": {"type": "integer"}, "actor": {"type": "string"}, "time_ms": {"type": "integer"},
             "schema_version": {"type": "integer"}, "redacted": {"type": "boolean"}}},
          {"type": "object", "required": ["cursor", "kind", "key", "redacted"], "properties": {
             "cursor": {"type": "integer"}, "verb": {"enum": ["remove"]}, "kind": {"type": "string"},
             "key": {"type": "string"}, "redacted": {"enum": [true]}}, "additionalProperties": false},
          {"type": "object", "required": ["cursor", "hidden"], "properties": {
             "cursor": {"type": "integer"}, "hidden": {"enum": [true]}}, "additionalProperties": false}]}
        """;

    private const string HandleForm = """
        {"type": "object", "required": ["__jsonrpc_marshaled", "handle"],
         "properties": {"__jsonrpc_marshaled": {"enum": [1]}, "handle": {"type": "integer"}}}
        """;

    private static readonly JsonSerializerOptions Options = ReadOnlyOptions();

    private static readonly (string Object, Type Interface)[] Objects =
    [
        ("gateway", typeof(IShareGateway)), ("share", typeof(IShareHandle)), ("root", typeof(IRootHandle)),
    ];

    /// <summary>Returns the whole document.</summary>
    public static JsonObject Make()
    {
        var definitions = new SortedDictionary<string, Type>(StringComparer.Ordinal)
        {
            [nameof(ErrorData)] = typeof(ErrorData), [nameof(Document)] = typeof(Document),
            [nameof(PushedPage)] = typeof(PushedPage),
        };
        var methods = new JsonObject();
        foreach ((string name, Type type) in Objects)
        {
            foreach ((string called, MethodInfo method) in WireMethods.Of(type))
            {
                Type? parameters = method.GetParameters()
                    .Select(parameter => parameter.ParameterType).FirstOrDefault(of => of != typeof(CancellationToken));
                Type? result = method.ReturnType.GetGenericArguments().FirstOrDefault();
                methods[$"{name}.{called}"] = new JsonObject
                {
                    ["params"] = ReferenceOrNull(parameters, definitions),
                    ["result"] = ReferenceOrNull(result, definitions),
                };
            }
        }

        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "ShareRpc, version 1: the shapes of all messages",
            ["methods"] = methods,
            ["$defs"] = Define(definitions),
        };
    }

    private static JsonNode? ReferenceOrNull(Type? type, SortedDictionary<string, Type> definitions)
    {
        if (type is null) return null;
        definitions[type.Name] = type;
        return Reference(type.Name);
    }

    private static JsonObject Define(SortedDictionary<string, Type> definitions)
    {
        var made = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal);
        while (definitions.FirstOrDefault(definition => !made.ContainsKey(definition.Key)) is { Key: not null } next)
            made[next.Key] = Schema(next.Value, definitions);
        made["Handle"] = JsonNode.Parse(HandleForm)!;
        return new JsonObject(made.Select(definition =>
            KeyValuePair.Create(definition.Key, (JsonNode?)definition.Value)));
    }

    private static JsonNode Schema(Type type, SortedDictionary<string, Type> definitions) =>
        type == typeof(LoggedOp)
            ? JsonNode.Parse(LoggedOpForms)!
            : Options.GetJsonSchemaAsNode(type, new JsonSchemaExporterOptions
        {
            TreatNullObliviousAsNonNullable = true,
            TransformSchemaNode = (context, schema) =>
            {
                Type of = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
                if (of == typeof(RawJson)) return new JsonObject();
                if (of == typeof(IShareHandle) || of == typeof(IRootHandle)) return Reference("Handle");
                if (context.Path.Length == 0) return schema;
                if (typeof(IDictionary).IsAssignableFrom(of) || IsReadableCaveat(of))
                    return new JsonObject { ["type"] = "object" };
                if (of.Namespace?.StartsWith("ShareRpc.", StringComparison.Ordinal) != true) return Written(schema);
                definitions[of.Name] = of;
                return Reference(of.Name);
            },
        });

    private static bool IsReadableCaveat(Type type) =>
        type == typeof(IReadOnlyDictionary<string, IReadOnlyList<string>?>);

    /// <summary>Takes the null out of what may be absent: absent and null are the same (RPC-2).</summary>
    private static JsonNode Written(JsonNode schema)
    {
        if (schema is JsonObject { } shape && shape["type"] is JsonArray types)
            shape["type"] = types.First(type => (string?)type != "null")!.DeepClone();
        if (schema is JsonObject withDefault) withDefault.Remove("default");
        return schema;
    }

    private static JsonObject Reference(string name) => new() { ["$ref"] = $"#/$defs/{name}" };

    private static JsonSerializerOptions ReadOnlyOptions()
    {
        JsonSerializerOptions options = ProtocolJson.Configure(new JsonSerializerOptions());
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
