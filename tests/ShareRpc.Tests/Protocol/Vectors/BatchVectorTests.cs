using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Tests.Protocol.Vectors;

public sealed class BatchVectorTests
{
    public static TheoryData<string> Ids => VectorSuite.Ids("batches");

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_batch_is_judged_as_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("batches")[id];
        bool writer = vector.Input.GetProperty("writer").GetBoolean();
        Assert.Equal(vector.Expect.GetString(), Judge(Generator.Expand(vector.Input.GetProperty("batch")), writer));
    }

    private static string Judge(string text, bool writer)
    {
        OpBatch batch;
        try
        {
            batch = JsonSerializer.Deserialize<OpBatch>(text, ProtocolJson.Options)!;
        }
        catch (JsonException)
        {
            return "invalid_params";
        }

        if (OpRules.Check(batch, ProtocolLimits.Default) is { } code) return ErrorCodes.NameOf(code);

        // Whether the handle has a writer is known only where the batch arrives.
        return batch.Ops[0].Seq is not null == writer ? "ok" : ErrorCodes.NameOf(ErrorCode.InvalidBatch);
    }
}
