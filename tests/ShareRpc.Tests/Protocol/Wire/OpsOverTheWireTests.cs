using System.Text.Json;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Protocol.Wire;

/// <summary>
/// The vectors of ops and batches again, as the server judges them: client and server must not disagree about what is
/// well formed.
/// </summary>
public sealed class OpsOverTheWireTests(WireServer server) : IClassFixture<WireServer>
{
    public static TheoryData<string> Ops => VectorSuite.Ids("ops");

    public static TheoryData<string> Batches => VectorSuite.Ids("batches");

    [Theory]
    [MemberData(nameof(Ops))]
    public async Task The_server_judges_an_op_as_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("ops")[id];
        JsonElement response = await AppendAsync($$"""{"batch_id":"b1","ops":[{{vector.InputText}}]}""", writer: true);
        string judgement = Judgement(response);
        Assert.Equal(vector.Expect.GetString(), judgement is "dependency_missing" or "no_target" ? "ok" : judgement);
    }

    [Theory]
    [MemberData(nameof(Batches))]
    public async Task The_server_judges_a_batch_as_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("batches")[id];
        JsonElement response = await AppendAsync(
            Generator.Expand(vector.Input.GetProperty("batch")), vector.Input.GetProperty("writer").GetBoolean());
        string judgement = Judgement(response);

        // A new writer starts at 1 and a new share at 0: a well-formed batch that starts elsewhere is told so.
        bool isWellFormed = judgement is "sequence_gap" or "too_large" or "invalid_op" or "dependency_missing";
        Assert.Equal(vector.Expect.GetString(), isWellFormed ? "ok" : judgement);
    }

    private async Task<JsonElement> AppendAsync(string batch, bool writer)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        using WireWorld world = await WireWorld.CreateAsync(server, default, timeout.Token);
        WireHandle handle =
            await world.RedeemShareAsync("main", WireWorld.Owner, writer ? ""","writer_id":"{writer:A}" """ : "");
        return await handle.CallAsync("appendOps", batch);
    }

    private static string Judgement(JsonElement response)
    {
        if (response.TryGetProperty("error", out JsonElement error))
            return error.GetProperty("data").GetProperty("code").GetString()!;
        JsonElement rejected = response.GetProperty("result").GetProperty("rejected");
        return rejected.GetArrayLength() == 0 ? "ok" : rejected[0].GetProperty("code").GetString()!;
    }
}
