using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Tests.Protocol.Vectors;

public sealed class ErrorVectorTests
{
    public static TheoryData<string> Ids => VectorSuite.Ids("errors");

    [Theory]
    [MemberData(nameof(Ids))]
    public void An_error_is_what_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("errors")[id];
        if (vector.Input.TryGetProperty("data", out JsonElement data)) AssertReceived(data, vector.Expect);
        else AssertKnown((ErrorCode)vector.Input.GetProperty("number").GetInt32(), vector.Expect);
    }

    [Fact]
    public void Every_error_has_a_vector()
    {
        IEnumerable<int> numbers =
            VectorSuite.Load("errors").All.Where(vector => vector.Input.TryGetProperty("number", out _))
            .Select(vector => vector.Input.GetProperty("number").GetInt32());
        Assert.Equal(Enum.GetValues<ErrorCode>().Select(code => (int)code).Order(), numbers.Order());
    }

    private static void AssertKnown(ErrorCode code, JsonElement expect)
    {
        Assert.True(Enum.IsDefined(code));
        Assert.Equal(expect.GetProperty("name").GetString(), ErrorCodes.NameOf(code));
        Assert.Equal(expect.GetProperty("transient").GetBoolean(), ErrorCodes.IsTransient(code));
        Assert.Equal(expect.GetProperty("authority").GetBoolean(), ErrorCodes.IsAuthority(code));
        Assert.Equal(expect.GetProperty("action").GetString(), ErrorData.From(new ShareRpcException(code)).Action);
        Assert.NotEmpty(ErrorCodes.HintOf(code));
        Assert.True(ErrorCodes.TryParse(ErrorCodes.NameOf(code), out ErrorCode again) && again == code);
    }

    private static void AssertReceived(JsonElement data, JsonElement expect)
    {
        ShareRpcException error = data.Deserialize<ErrorData>(ProtocolJson.Options)!.ToException();
        Assert.Equal(expect.GetProperty("number").GetInt32(), (int)error.Code);
        Assert.Equal(expect.GetProperty("transient").GetBoolean(), error.IsTransient);
        Assert.Equal(expect.GetProperty("action").GetString(), ErrorData.From(error).Action);
        Assert.Equal(Optional(expect, "retry_after_ms"), (long?)error.RetryAfter?.TotalMilliseconds);
        Assert.Equal(Optional(expect, "head"), error.Head);
        Assert.Equal(Optional(expect, "acked_seq"), error.AckedSeq);
    }

    private static long? Optional(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) ? value.GetInt64() : null;
}
