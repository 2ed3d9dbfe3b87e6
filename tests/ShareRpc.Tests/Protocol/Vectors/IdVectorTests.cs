using System.Text.Json;
using ShareRpc.Protocol.Ids;

namespace ShareRpc.Tests.Protocol.Vectors;

public sealed class IdVectorTests
{
    public static TheoryData<string> Ids => VectorSuite.Ids("ids");

    [Theory]
    [MemberData(nameof(Ids))]
    public void An_id_is_judged_and_written_as_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("ids")[id];
        string kind = vector.Input.GetProperty("kind").GetString()!;
        if (kind == "encode")
        {
            byte[] bits = Convert.FromHexString(vector.Input.GetProperty("hex").GetString()!);
            Assert.Equal(vector.Expect.GetString(), Base62.Encode(bits, RandomId.Length));
            return;
        }

        string text = JsonSerializer.Deserialize<string>(Generator.Expand(vector.Input.GetProperty("text")))!;
        Assert.Equal(vector.Expect.GetBoolean(), kind == "random" ? RandomId.IsValid(text) : OpId.IsValid(text));
    }
}
