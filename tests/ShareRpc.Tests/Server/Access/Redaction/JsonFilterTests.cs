using System.Text;
using ShareRpc.Protocol.Json;
using ShareRpc.Server.Access.Redaction;

namespace ShareRpc.Tests.Server.Access.Redaction;

public sealed class JsonFilterTests
{
    private static readonly FieldTree Tree = FieldTree.Of(["id", "any:any", "time.created:number"]);

    [Theory]
    [InlineData("""{"id":"a","time":{"created":1},"any":[1]}""", """{"id":"a","time":{"created":1},"any":[1]}""", true)]
    [InlineData("""{"id":"a","id":"b"}""", """{"id":"b"}""", false)]
    [InlineData("""{"id":"a","any":1,"id":"b","any":2,"id":"c"}""", """{"any":1,"any":2,"id":"c"}""", false)]
    [InlineData("""{"id":"a","id":{"x":1}}""", "{}", false)]
    [InlineData("""{"other":1,"id":"a"}""", """{"id":"a"}""", false)]
    public void Of_a_repeated_member_only_the_last_one_is_shown(string data, string expected, bool isWhole)
    {
        Assert.Equal(expected, Copy(data, out bool whole));
        Assert.Equal(isWhole, whole);
    }

    /// <summary>Takes minutes if each member looks through all before it.</summary>
    [Fact]
    public void A_document_of_repeated_members_takes_time_that_grows_with_its_length()
    {
        string members = string.Concat(Enumerable.Repeat("\"any\":1,\"id\":\"a\",", 400_000));
        string shown = Copy($"{{{members}\"id\":\"b\"}}", out _);
        Assert.EndsWith("\"any\":1,\"id\":\"b\"}", shown, StringComparison.Ordinal);
    }

    private static string Copy(string data, out bool isWhole) => Encoding.UTF8.GetString(
        JsonFilter.Copy(RawJson.Parse(data), Tree, _ => true, out isWhole).Utf8.Span);
}
