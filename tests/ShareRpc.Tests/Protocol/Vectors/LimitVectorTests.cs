using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Tests.Protocol.Vectors;

public sealed class LimitVectorTests
{
    public static TheoryData<string> Ids => VectorSuite.Ids("limits");

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_limit_is_what_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("limits")[id];
        int actual = vector.Input.TryGetProperty("name", out JsonElement name)
            ? Announced().GetProperty(name.GetString()!).GetInt32()
            : Fixed(vector.Input.GetProperty("fixed").GetString()!);
        Assert.Equal(vector.Expect.GetInt32(), actual);
    }

    [Fact]
    public void Every_announced_limit_has_a_vector()
    {
        IEnumerable<string?> names =
            VectorSuite.Load("limits").All.Where(vector => vector.Input.TryGetProperty("name", out _))
            .Select(vector => vector.Input.GetProperty("name").GetString());
        Assert.Equal(
            Announced().EnumerateObject().Select(limit => limit.Name).Order(StringComparer.Ordinal),
            names.Order(StringComparer.Ordinal));
    }

    private static JsonElement Announced() =>
        JsonSerializer.SerializeToElement(ProtocolLimits.Default, ProtocolJson.Options);

    private static int Fixed(string name) => name switch
    {
        "id_characters" => RandomId.Length,
        "op_id_characters" => OpId.MaxLength,
        "kind_characters" => OpRules.MaxNameLength,
        "key_bytes" => OpRules.MaxKeyBytes,
        "token_characters" => ShareToken.Length,
        _ => throw new InvalidDataException($"No such fixed limit: {name}."),
    };
}
