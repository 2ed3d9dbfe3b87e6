using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Tests.Protocol.Ops;

public class DocumentFoldTests
{
    [Fact]
    public void Put_replaces_and_keeps_the_bytes() =>
        Assert.Equal("""{ "b" : 1.0 }""", Apply("""{"a":1}""", Verbs.Put, """{ "b" : 1.0 }"""));

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    public void Remove_leaves_nothing_whatever_was_there(string? current) =>
        Assert.Null(Apply(current, Verbs.Remove, null));

    [Theory]
    [InlineData(null, """{"text":"x"}""")]
    [InlineData("[1]", """{"text":"x"}""")]
    [InlineData("{}", """{"text":"x"}""")]
    [InlineData("""{"a":1}""", """{"a":1,"text":"x"}""")]
    [InlineData("""{"text":null,"a":1}""", """{"text":"x","a":1}""")]
    [InlineData("""{"text":{"n":1},"a":1}""", """{"text":"x","a":1}""")]
    [InlineData("""{"text":"","a":1}""", """{"text":"x","a":1}""")]
    [InlineData("""{"a":1,"text":"ab"}""", """{"a":1,"text":"abx"}""")]
    public void Append_adds_to_the_field_or_makes_it(string? current, string expected) =>
        Assert.Equal(expected, Apply(current, Verbs.Append, """{"field":"text","text":"x"}"""));

    [Fact]
    public void A_surrogate_pair_split_between_two_appends_comes_out_whole()
    {
        string? half = Apply(null, Verbs.Append, """{"field":"text","text":"\ud83d"}""");
        Assert.Equal("""{"text":"\ud83d"}""", half);
        string? whole = Apply(half, Verbs.Append, """{"field":"text","text":"\ude00"}""");

        Assert.Equal("""{"text":"\ud83d\ude00"}""", whole);
        Assert.Equal("\U0001F600",
            System.Text.Json.JsonDocument.Parse(whole!).RootElement.GetProperty("text").GetString());
    }

    [Fact]
    public void Other_members_keep_their_bytes_escapes_and_numbers_included() =>
        Assert.Equal(
            """{"\u0061\ud800":"\ud800","n":1.0e2,"text":"ab"}""",
            Apply("""{ "\u0061\ud800" : "\ud800", "n" : 1.0e2, "text" : "a" }""", Verbs.Append,
                """{"field":"text","text":"b"}"""));

    [Fact]
    public void A_field_written_with_escapes_is_the_same_field() =>
        Assert.Equal("""{"text":"ab"}""",
            Apply("""{"te\u0078t":"a"}""", Verbs.Append, """{"field":"text","text":"b"}"""));

    [Fact]
    public void Empty_text_changes_nothing() =>
        Assert.Equal("""{"text":"a"}""", Apply("""{"text":"a"}""", Verbs.Append, """{"field":"text","text":""}"""));

    [Fact]
    public void An_unknown_verb_is_a_mistake_of_the_caller() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Apply("{}", "merge", "{}"));

    private static string? Apply(string? current, string verb, string? data) =>
        DocumentFold.Apply(Raw(current), verb, Raw(data)) is { } result ? result.ToString() : null;

    private static RawJson? Raw(string? json) => json is null ? null : RawJson.Parse(json);
}
