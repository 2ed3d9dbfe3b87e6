using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Protocol.Wire;

public sealed class ApplyVectorTests(WireServer server) : IClassFixture<WireServer>
{
    public static TheoryData<string> Ids => VectorSuite.Ids("apply");

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task A_batch_is_answered_as_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("apply")[id];
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        using WireWorld world = await WireWorld.CreateAsync(server, vector.Input, timeout.Token);
        var scenario = new ApplyScenario(world, vector);
        await scenario.RunStepsAsync();
        await scenario.AssertLogAsync();
        await scenario.AssertStateAsync();
    }
}
