using System.Text.Json;
using ShareRpc.Tests.Protocol.Schema;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Sources.Following;

/// <summary>Holds each document that an adapter makes to protocol/schema/session-format.schema.json.</summary>
internal static class SessionFormatSchema
{
    private static readonly JsonElement Schema = JsonDocument.Parse(File.ReadAllBytes(
        RepositoryRoot.Path("protocol", "schema", "session-format.schema.json"))).RootElement;

    private static readonly SchemaCheck Check = new(Schema);

    public static void AssertHolds(string kind, string key, JsonElement data)
    {
        JsonElement document = JsonSerializer.SerializeToElement(new { kind, key, data });
        string errors = string.Join('\n', Check.Errors(Schema, document));
        Assert.True(errors.Length == 0, $"{kind} {key}: {errors}\n{data}");
    }
}
