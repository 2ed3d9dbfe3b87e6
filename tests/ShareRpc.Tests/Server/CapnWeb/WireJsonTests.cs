using System.Buffers;
using System.Text;
using System.Text.Json;
using ShareRpc.Server.CapnWeb.Values;

namespace ShareRpc.Tests.Server.CapnWeb;

public sealed class WireJsonTests
{
    [Theory]
    [InlineData("1.50", "1.50")]
    [InlineData("\"a\\u0041\"", "\"a\\u0041\"")]
    [InlineData("[[]]", "[]")]
    [InlineData("[[1,[[2,[[]]]],{\"a\":[[3]]}]]", "[1,[2,[]],{\"a\":[3]}]")]
    [InlineData("{\"a\" : [[ 1 , 2 ]] , \"b\":{}}", "{\"a\" : [ 1 , 2 ] , \"b\":{}}")]
    public void Arrays_lose_their_second_pair_of_brackets_and_get_it_back(string wire, string json)
    {
        Assert.Equal(json, ToJson(wire));
        var written = new ArrayBufferWriter<byte>();
        WireJson.FromJson(Encoding.UTF8.GetBytes(json), written);
        Assert.Equal(wire.Replace(" ", ""), Encoding.UTF8.GetString(written.WrittenSpan).Replace(" ", ""));
    }

    [Theory]
    [InlineData("{\"a\":[\"undefined\"]}", "{}")]
    [InlineData("{\"a\":[\"undefined\"],\"b\":1}", "{\"b\":1}")]
    [InlineData("{\"b\":1,\"a\":[\"undefined\"]}", "{\"b\":1}")]
    [InlineData("{\"a\":[\"undefined\"],\"c\":[\"undefined\"],\"b\":[[1]]}", "{\"b\":[1]}")]
    [InlineData("{\"b\":[[1]],\"a\":[\"undefined\"],\"c\":[\"undefined\"],\"d\":\",\"}", "{\"b\":[1],\"d\":\",\"}")]
    [InlineData("{\"b\":{\"x\":[\"undefined\"]},\"a\":[\"undefined\"]}", "{\"b\":{}}")]
    public void Undefined_members_are_left_out(string wire, string json)
    {
        Assert.Equal(json, ToJson(wire));
        using JsonDocument valid = JsonDocument.Parse(json);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[[1],2]")]
    [InlineData("[\"date\",0]")]
    [InlineData("{\"a\":[[[\"undefined\"]]]}")]
    [InlineData("{\"a\":{\"b\":[\"import\",0]}}")]
    [InlineData("[[{\"a\":1},[\"pipeline\",1]]]")]
    public void Anything_else_in_brackets_is_no_json(string wire) => Assert.Null(ToJson(wire));

    private static string? ToJson(string wire)
    {
        byte[] message = Encoding.UTF8.GetBytes(wire);
        var reader = new Utf8JsonReader(message);
        reader.Read();
        var json = new ArrayBufferWriter<byte>();
        return WireJson.TryToJson(ref reader, message, json) ? Encoding.UTF8.GetString(json.WrittenSpan) : null;
    }
}
