using System.Text.Json.Nodes;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.EndToEndTests.Opencode;

/// <summary>
/// Messages and parts by id, from wherever they come, so that what opencode lists can be compared with what a share
/// holds.
/// </summary>
internal sealed record OpencodeListing(SortedDictionary<string, JsonNode> Documents)
{
    public static OpencodeListing Of(IEnumerable<JsonNode> messages)
    {
        var documents = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal);
        foreach (JsonNode message in messages)
        {
            documents.Add($"message {(string)message["info"]!["id"]!}", message["info"]!);
            foreach (JsonNode? part in message["parts"]!.AsArray()) documents.Add($"part {(string)part!["id"]!}", part);
        }

        return new OpencodeListing(documents);
    }

    public static OpencodeListing Of(ShareSnapshot state) => new(new SortedDictionary<string, JsonNode>(
        state.Documents.Where(document => document.Kind is Kinds.Message or Kinds.Part).ToDictionary(
            document => $"{document.Kind} {document.Key}", document => JsonNode.Parse(document.Data.Utf8.Span)!),
        StringComparer.Ordinal));

    /// <summary>What differs, one line each; empty when both are the same.</summary>
    public IReadOnlyList<string> DifferencesTo(OpencodeListing other) =>
    [
        .. Documents.Keys.Except(other.Documents.Keys).Select(key =>
            $"only here: {key} {Documents[key].ToJsonString()}"),
        .. other.Documents.Keys.Except(Documents.Keys).Select(key =>
            $"only there: {key} {other.Documents[key].ToJsonString()}"),
        .. Documents.Keys.Intersect(other.Documents.Keys).Where(key =>
            !JsonNode.DeepEquals(Documents[key], other.Documents[key]))
            .Select(key =>
                $"{key}\n  here  {Documents[key].ToJsonString()}\n  there {other.Documents[key].ToJsonString()}"),
    ];

    public void AssertSame(OpencodeListing other) =>
        Assert.True(DifferencesTo(other).Count == 0, string.Join('\n', DifferencesTo(other)));
}
