using System.Text.Json;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Protocol.Wire;

public sealed class RightsVectorTests(WireServer server) : IClassFixture<WireServer>
{
    public static TheoryData<string> Ids => VectorSuite.Ids("rights");

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task A_method_is_allowed_or_forbidden_as_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("rights")[id];
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        bool isRoot = vector.Input.GetProperty("object").GetString() == "root";
        string parent = isRoot ? WireWorld.Root : WireWorld.Owner;
        string rights = vector.Input.GetProperty("rights").GetRawText();
        string child = vector.Input.TryGetProperty("child", out _)
            ? ",\"child\":{\"of\":\"it\",\"rights\":[\"attenuate\"]}" : "";
        using JsonDocument refs =
            JsonDocument.Parse("{\"refs\":{\"it\":{\"of\":\"" + parent + "\",\"rights\":" + rights + "}" + child
                + "}}");
        using WireWorld world = await WireWorld.CreateAsync(server, refs.RootElement, timeout.Token);
        WireHandle handle = await world.RedeemAsync("main", "it");
        string? parameters = vector.Input.TryGetProperty("params", out JsonElement given)
            ? world.Resolve(Generator.Expand(given)) : null;
        string call = await handle.Connection.RequestAsync(
            handle.Path(vector.Input.GetProperty("method").GetString()!), parameters);
        if (vector.Input.TryGetProperty("cancel", out _))
        {
            await handle.Connection.SendTextAsync(
                $$"""{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":{{call}}} }""");
        }

        JsonElement response = await handle.Connection.ReceiveAsync(call);
        string? code = response.TryGetProperty("error", out JsonElement error)
            && error.TryGetProperty("data", out JsonElement data)
            ? data.GetProperty("code").GetString() : null;
        Assert.True((vector.Expect.GetString() == "forbidden") == (code == "forbidden"), response.GetRawText());
        Assert.False(code is "method_not_found" or "invalid_params" or "internal",
            $"nothing was tried: {response.GetRawText()}");
    }
}
