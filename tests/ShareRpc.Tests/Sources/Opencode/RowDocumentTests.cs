using System.Text;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Tests.Sources.Opencode;

public class RowDocumentTests
{
    [Theory]
    [InlineData("""{"role":"user"}""", """{"role":"user","id":"m","sessionID":"s"}""")]
    [InlineData("{}", """{"id":"m","sessionID":"s"}""")]
    [InlineData("""  { "a" : 1.50 }  """, """  { "a" : 1.50,"id":"m","sessionID":"s"}""")]
    [InlineData("""{"id":"old","text":"x"}""", """{"text":"x","id":"m","sessionID":"s"}""")]
    [InlineData("""{"id":"old"}""", """{"id":"m","sessionID":"s"}""")]
    public void A_document_is_the_rows_bytes_with_its_id_columns(string data, string expected) =>
        Assert.Equal(expected, Build(data));

    [Fact]
    public void A_lone_surrogate_escape_survives_unread() =>
        Assert.Equal("""{"text":"\ud83d","id":"m","sessionID":"s"}""", Build("""{"text":"\ud83d"}"""));

    [Theory]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{\"half\":")]
    [InlineData("")]
    public void Data_that_is_no_object_makes_no_document(string data) => Assert.Null(Build(data));

    private static string? Build(string data) =>
        RowDocument.Build(Encoding.UTF8.GetBytes(data), ("id", "m"), ("sessionID", "s"))?.ToString();
}
