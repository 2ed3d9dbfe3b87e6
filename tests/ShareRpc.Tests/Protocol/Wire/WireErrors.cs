using System.Text.Json;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Protocol.Wire;

/// <summary>
/// What every error on the wire looks like (rules RPC-9, ERR-1, ERR-2 and ERR-6), by the vectors of errors.json.
/// </summary>
internal static class WireErrors
{
    private static readonly Dictionary<string, Vector> ByName = VectorSuite.Load("errors").All
        .Where(vector => vector.Input.TryGetProperty("number", out _))
        .ToDictionary(vector => vector.Expect.GetProperty("name").GetString()!);

    public static void AssertShape(JsonElement error)
    {
        JsonElement data = error.GetProperty("data");
        string name = data.GetProperty("code").GetString()!;
        Assert.True(ByName.TryGetValue(name, out Vector? known), $"an error the specification does not have: {name}");
        Assert.Equal(known.Input.GetProperty("number").GetInt32(), error.GetProperty("code").GetInt32());
        Assert.Equal(known.Expect.GetProperty("transient").GetBoolean(), data.GetProperty("transient").GetBoolean());
        Assert.False(known.Expect.GetProperty("op").GetBoolean(), $"{name} belongs into an ack's rejections");
        Assert.Equal($"{name}: {data.GetProperty("hint").GetString()}", error.GetProperty("message").GetString());
    }
}
