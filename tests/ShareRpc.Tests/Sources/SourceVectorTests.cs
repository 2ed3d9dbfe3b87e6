using System.Text.Json;
using System.Text.Json.Nodes;
using ShareRpc.Sources;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Protocol.Vectors;
using ShareRpc.Tests.Sources.Following;
using ShareRpc.Tests.Sources.Opencode;

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
    public async Task An_agents_records_become_these_documents(string id)
    {
        Vector vector = VectorSuite.Load("sources")[id];
        string made = (await DocumentsAsync(vector.Input)).ToJsonString(Indented);
        Assert.Equal(JsonNode.Parse(vector.Expect.GetRawText())!.ToJsonString(Indented), made);
    }

    /// <summary>Writes what is expected when SHARERPC_WRITE_VECTORS is set; it is to be read then.</summary>
    [Fact]
    public async Task Every_agent_has_a_vector_and_OpenCode_one_of_each_generation()
    {
        IReadOnlyCollection<Vector> all = VectorSuite.Load("sources").All;
        Assert.Equal(
            ["claude", "codex", "gemini", "opencode"],
            all.Select(vector => vector.Input.GetProperty("agent").GetString()!).Distinct().Order());
        Assert.Equal([false, true], all.Select(Tables).OfType<JsonElement>().Select(IsNew).Distinct().Order());
        if (Environment.GetEnvironmentVariable("SHARERPC_WRITE_VECTORS") is null) return;
        JsonNode suite = JsonNode.Parse(System.IO.File.ReadAllText(File))!;
        foreach ((int at, Vector vector) in all.Index())
            suite["vectors"]![at]!["expect"] = await DocumentsAsync(vector.Input);
        System.IO.File.WriteAllText(File, suite.ToJsonString(Indented) + "\n");
    }

    private static JsonElement? Tables(Vector vector)
    {
        JsonElement file = vector.Input.GetProperty("files").EnumerateObject().First().Value;
        return file.ValueKind == JsonValueKind.Object ? file : null;
    }

    private static bool IsNew(JsonElement tables) => tables.TryGetProperty("session_v2", out _);

    private async Task<JsonArray> DocumentsAsync(JsonElement input)
    {
        string agent = input.GetProperty("agent").GetString()!;
        string home = folder[agent];
        bool isOlder = false;
        foreach (JsonProperty file in input.GetProperty("files").EnumerateObject())
        {
            string path = Path.Combine(home, file.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (file.Value.ValueKind == JsonValueKind.Array)
            {
                System.IO.File.WriteAllLines(
                    path, file.Value.EnumerateArray().Select(record => JsonSerializer.Serialize(record)));
                continue;
            }

            isOlder = !IsNew(file.Value);
            foreach (JsonProperty table in file.Value.EnumerateObject()) WriteTable(path, table);
        }

        var at = new AgentHome(home, folder["state"], _ => null);
        IEnumerable<KeyValuePair<(string Kind, string Key), JsonElement>> documents = isOlder
            ? await OlderAsync(OpencodePaths.Find(at)!)
            : ReadSession.Whole(AgentStorages.On(at).Single(storage => storage.Agent == agent)).Documents;
        return
        [
            .. documents
                .OrderBy(document => document.Key.Kind, StringComparer.Ordinal)
                .ThenBy(document => document.Key.Key, StringComparer.Ordinal)
                .Select(document => new JsonObject
                {
                    ["kind"] = document.Key.Kind, ["key"] = document.Key.Key,
                    ["data"] = JsonNode.Parse(document.Value.GetRawText()),
                }),
        ];
    }

    private async Task<IEnumerable<KeyValuePair<(string Kind, string Key), JsonElement>>> OlderAsync(string path)
    {
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.Latest);
        await sessions.LookAsync(CancellationToken.None);
        var folded = new FoldedDocuments();
        folded.Apply(share.Take().Select(op => op.Op));
        return folded.All;
    }

    /// <summary>Writes a table with the columns that its records name; objects are text.</summary>
    private static void WriteTable(string path, JsonProperty table)
    {
        JsonElement[] rows = [.. table.Value.EnumerateArray()];
        JsonProperty[] columns = [.. rows.SelectMany(row => row.EnumerateObject()).DistinctBy(member => member.Name)];
        OpencodeFiles.Execute(path, $"CREATE TABLE {table.Name} (" + string.Join(", ", columns.Select(column =>
            $"{column.Name} {(column.Value.ValueKind == JsonValueKind.Number ? "numeric" : "text")}")) + ")");
        foreach (JsonElement row in rows)
        {
            JsonProperty[] members = [.. row.EnumerateObject()];
            OpencodeFiles.Execute(path, $"INSERT INTO {table.Name} ({Names(members, "")}) "
                + $"VALUES ({Names(members, "$")})", [.. members.Select(member => ($"${member.Name}", Value(member)))]);
        }

        static string Names(JsonProperty[] members, string prefix) =>
            string.Join(", ", members.Select(member => prefix + member.Name));
    }

    private static object? Value(JsonProperty member) => member.Value.ValueKind switch
    {
        JsonValueKind.Number => member.Value.TryGetInt64(out long whole) ? whole : member.Value.GetDouble(),
        JsonValueKind.String => member.Value.GetString(),
        _ => member.Value.GetRawText(),
    };
}
