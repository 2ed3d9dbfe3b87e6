using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Tests.Server.Append.Model;

/// <summary>Folding (SPEC section 7) and JSON equality, over parsed values instead of bytes.</summary>
internal static class ModelDocs
{
    public static ImmutableSortedDictionary<string, (long Cursor, JsonNode Value)> Fold(IEnumerable<LoggedOp> log)
    {
        var docs = ImmutableSortedDictionary.Create<string, (long, JsonNode)>(StringComparer.Ordinal);
        foreach (LoggedOp op in log)
        {
            string name = Name(op.Kind, op.Key);
            JsonNode? before = docs.TryGetValue(name, out (long, JsonNode Value) doc) ? doc.Value : null;
            JsonNode? data = op.Data is { } bytes ? JsonNode.Parse(bytes.ToString()) : null;
            JsonNode? after = op.Verb switch
            {
                Verbs.Remove => null,
                Verbs.Put => data,
                _ => Append(before, data!["field"]!.GetValue<string>(), data["text"]!.GetValue<string>()),
            };
            docs = after is null ? docs.Remove(name) : docs.SetItem(name, (op.Cursor, after));
        }

        return docs;
    }

    public static string Name(string kind, string key) => $"{kind}/{key}";

    /// <summary>Equal texts for equal values.</summary>
    public static string Canonical(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject members => $"{{{string.Join(",", members.OrderBy(member => member.Key, StringComparer.Ordinal)
            .Select(member => $"{member.Key}:{Canonical(member.Value)}"))}}}",
        JsonArray items => $"[{string.Join(",", items.Select(Canonical))}]",
        JsonValue scalar when scalar.TryGetValue(out double number) =>
            number.ToString("R", CultureInfo.InvariantCulture),
        _ => value.ToJsonString(),
    };

    private static JsonObject Append(JsonNode? before, string field, string text)
    {
        JsonObject after = before is JsonObject members ? (JsonObject)members.DeepClone() : [];
        bool isText = after[field] is JsonValue value && value.TryGetValue(out string? _);
        after[field] = (isText ? after[field]!.GetValue<string>() : "") + text;
        return after;
    }
}
