using System.Collections.Concurrent;
using System.Text.Json;

namespace ShareRpc.Tests.Protocol.Vectors;

/// <summary>A file of protocol/vectors.</summary>
internal sealed class VectorSuite
{
    private const string SchemaPrefix = "sharerpc.vectors.v1/";
    private static readonly ConcurrentDictionary<string, VectorSuite> Loaded = new();
    private readonly Dictionary<string, Vector> byId = [];

    private VectorSuite(string name)
    {
        using JsonDocument file =
            JsonDocument.Parse(File.ReadAllBytes(RepositoryRoot.Path("protocol", "vectors", name + ".json")));
        Assert.Equal(SchemaPrefix + name, file.RootElement.GetProperty("schema").GetString());
        foreach (JsonElement json in file.RootElement.GetProperty("vectors").EnumerateArray())
        {
            var vector = new Vector(
                json.GetProperty("id").GetString()!, Texts(json.GetProperty("rules")),
                json.GetProperty("comment").GetString()!, json.GetProperty("input").Clone(),
                json.GetProperty("expect").Clone(),
                json.TryGetProperty("flags", out JsonElement flags) ? Texts(flags) : []);
            if (json.TryGetProperty("found", out JsonElement found)) vector = vector with { Found = found.Clone() };
            byId.Add(vector.Id, vector);
        }
    }

    public IReadOnlyCollection<Vector> All => byId.Values;

    public Vector this[string id] => byId[id];

    public static VectorSuite Load(string name) => Loaded.GetOrAdd(name, key => new VectorSuite(key));

    /// <summary>Every suite that there is a file of.</summary>
    public static IEnumerable<VectorSuite> LoadAll() =>
        Directory.EnumerateFiles(RepositoryRoot.Path("protocol", "vectors"), "*.json").Order(StringComparer.Ordinal)
            .Select(path => Load(Path.GetFileNameWithoutExtension(path)));

    /// <summary>The ids of a suite, for a theory.</summary>
    public static TheoryData<string> Ids(string name)
    {
        var ids = new TheoryData<string>();
        foreach (Vector vector in Load(name).All) ids.Add(vector.Id);
        return ids;
    }

    private static string[] Texts(JsonElement list) => [.. list.EnumerateArray().Select(text => text.GetString()!)];
}
