using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Tests.Protocol.Vectors;

public sealed class OpVectorTests
{
    private static readonly JsonSerializerOptions Deep = ProtocolJson.Configure(new JsonSerializerOptions());

    public static TheoryData<string> Ids => VectorSuite.Ids("ops");

    [Theory]
    [MemberData(nameof(Ids))]
    public void An_op_is_judged_as_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("ops")[id];
        Assert.Equal(vector.Expect.GetString(), Judge(vector.InputText));
    }

    private static string Judge(string op)
    {
        OpIntent? intent;
        try
        {
            intent = JsonSerializer.Deserialize<OpIntent>(Encoding.UTF8.GetBytes(op), Deep);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return "invalid_params";
        }

        return OpRules.Check(intent!, ProtocolLimits.Default) is { } code ? ErrorCodes.NameOf(code) : "ok";
    }
}
