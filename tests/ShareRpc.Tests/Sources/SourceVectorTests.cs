using System.Text.Json;
using System.Text.Json.Nodes;
using ShareRpc.Sources;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Protocol.Vectors;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources;

/// <summary>protocol/vectors/sources.json: an agent's files become the documents of the session format.</summary>
public sealed class SourceVectorTests : IDisposable
{
    private static readonly string File = RepositoryRoot.Path("protocol", "vectors", "sources.json");

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly TemporaryDirectory folder = new();

    public static TheoryData<string> Ids => VectorSuite.Ids("sources");

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Ids))]
    public void An_agents_records_become_these_documents(string id)
    {
        Vector vector = VectorSuite.Load("sources")[id];
        string made = Documents(vector.Input).ToJsonString(Indented);
        Assert.Equal(JsonNode.Parse(vector.Expect.GetRawText())!.ToJsonString(Indented), made);
    }

    /// <summary>Writes what is expected when SHARERPC_WRITE_VECTORS is set; it is to be read then.</summary>
    [Fact]
    public void Every_agent_that_keeps_lines_has_a_vector()
    {
        IReadOnlyCollection<Vector> all = VectorSuite.Load("sources").All;
        Assert.Equal(
            ["claude", "codex", "gemini"],
            all.Select(vector => vector.Input.GetProperty("agent").GetString()!).Distinct().Order());
        if (Environment.GetEnvironmentVariable("SHARERPC_WRITE_VECTORS") is null) return;
        JsonNode suite = JsonNode.Parse(System.IO.File.ReadAllText(File))!;
        foreach ((int at, Vector vector) in all.Index()) suite["vectors"]![at]!["expect"] = Documents(vector.Input);
        System.IO.File.WriteAllText(File, suite.ToJsonString(Indented) + "\n");
    }

    private JsonArray Documents(JsonElement input)
    {
        string agent = input.GetProperty("agent").GetString()!;
        string home = folder[agent];
        foreach (JsonProperty file in input.GetProperty("files").EnumerateObject())
        {
            string path = Path.Combine(home, file.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            System.IO.File.WriteAllLines(
                path, file.Value.EnumerateArray().Select(record => JsonSerializer.Serialize(record)));
        }

        IAgentStorage storage = AgentStorages.On(new AgentHome(home, folder["state"], _ => null))
            .Single(storage => storage.Agent == agent);
        return
        [
            .. ReadSession.Whole(storage).Documents
                .OrderBy(document => document.Key.Kind, StringComparer.Ordinal)
                .ThenBy(document => document.Key.Key, StringComparer.Ordinal)
                .Select(document => new JsonObject
                {
                    ["kind"] = document.Key.Kind, ["key"] = document.Key.Key,
                    ["data"] = JsonNode.Parse(document.Value.GetRawText()),
                }),
        ];
    }
}
