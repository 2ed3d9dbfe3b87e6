using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Protocol.Wire;

public sealed class RpcVectorTests(WireServer server) : IClassFixture<WireServer>
{
    public static TheoryData<string> Ids => VectorSuite.Ids("rpc");

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task A_conversation_goes_as_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("rpc")[id];
        if (!vector.Flags.Contains("own_server"))
        {
            await RunAsync(server, vector);
            return;
        }

        var own = new WireServer();
        await own.InitializeAsync();
        try
        {
            await RunAsync(own, vector);
        }
        finally
        {
            await own.DisposeAsync();
        }
    }

    private static async Task RunAsync(WireServer server, Vector vector)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        using WireWorld world = await WireWorld.CreateAsync(server, vector.Input, timeout.Token);
        await new RpcScenario(world, vector, timeout.Token).RunAsync();
    }
}
