using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Tests.Protocol;

/// <summary>What stands in the place of a document that a share does not take.</summary>
public class OmittedDocumentTests
{
    private static readonly string Large = new('x', ProtocolLimits.Default.OpBytes);

    public static TheoryData<string, string> Documents => new()
    {
        { Json("""{"type":"tool","tool":"read","state":{"status":"error","output":"LARGE"}}"""), "too_large" },
        { Json("""{"type":"file","filename":"a.pdf","mime":"application/pdf","url":"data:LARGE"}"""), "too_large" },
        { "[" + string.Join(',', Enumerable.Repeat("\"123456789\"", 900_000)) + "]", "too_large" },
        { "{" + string.Join(',', Enumerable.Range(0, 900_000).Select(n => $"\"{n}\":{n}")) + "}", "too_large" },
        { Nested(49), "too_deep" }, { Nested(5_000), "too_deep" },
        { Json("""{"LARGE":1}"""), "too_large" }, { Json("""{"a":1LARGE}""").Replace('x', '0'), "too_large" },
        { "{\"a\":", "invalid_json" }, { "7", "invalid_json" }, { "", "invalid_json" },
    };

    [Theory]
    [MemberData(nameof(Documents))]
    public void A_placeholder_can_always_be_sent_and_says_size_name_and_reason(string data, string reason)
    {
        OpIntent op = Put(Encoding.UTF8.GetBytes(data));
        (OpIntent fitting, string? why) = OmittedDocument.Fit(op, ProtocolLimits.Default)!.Value;
        (long size, string name, string said) = OmittedDocument.Read(fitting.Data!.Value)!.Value;

        Assert.Null(OpRules.Check(fitting, ProtocolLimits.Default));
        Assert.Equal((reason, reason, op.Data!.Value.Utf8.Length), (why, said, size));
        Assert.InRange(name.Length, 1, 200);
        Assert.InRange(fitting.Data!.Value.Utf8.Length, 1, 256 * 1024);
        Assert.Equal(fitting.Data!.Value.ToString(),
            OmittedDocument.Fit(op, ProtocolLimits.Default)!.Value.Op.Data.ToString());
    }

    [Fact]
    public void Small_values_stay_where_they_were_and_a_note_takes_the_place_of_a_large_one()
    {
        string data =
            Json("""{"id":"p","type":"tool","tool":"read","state":{"status":"error","output":"LARGE","n":1.50}}""");
        OpIntent fitting = OmittedDocument.Fit(Put(Encoding.UTF8.GetBytes(data)), ProtocolLimits.Default)!.Value.Op;

        Assert.Equal(
            """{"id":"p","type":"tool","tool":"read","state":{"status":"error","output":"[left out: 8388610 bytes]","""
                + $"\"n\":1.50}},\"omitted\":{{\"size\":{data.Length},\"name\":\"read\",\"reason\":\"too_large\"}}}}",
            fitting.Data.ToString());
    }

    [Fact]
    public void A_document_that_is_no_utf8_keeps_what_can_be_read()
    {
        byte[] data = [.. """{"type":"text","text":"a"""u8, 0xFF, .. "b\"}"u8];
        (OpIntent fitting, string? reason) = OmittedDocument.Fit(Put(data), ProtocolLimits.Default)!.Value;
        using JsonDocument document = fitting.Data!.Value.ToDocument();

        Assert.Equal("invalid_utf8", reason);
        Assert.Equal("a\uFFFDb", document.RootElement.GetProperty("text").GetString());
    }

    [Fact]
    public void What_can_be_sent_stays_the_same_object_and_what_is_malformed_otherwise_has_no_placeholder()
    {
        OpIntent whole = Put("{}"u8.ToArray());
        OpIntent large = Put(Encoding.UTF8.GetBytes($"{{\"a\":\"{Large}\"}}"));

        Assert.Same(whole, OmittedDocument.Fit(whole, ProtocolLimits.Default)!.Value.Op);
        Assert.Null(OmittedDocument.Fit(whole with { Key = "" }, ProtocolLimits.Default));
        Assert.Null(OmittedDocument.Fit(large with { Kind = Kinds.Turn }, ProtocolLimits.Default));
        Assert.Null(OmittedDocument.Fit(large with { Verb = Verbs.Append }, ProtocolLimits.Default));
        Assert.Null(OmittedDocument.Read(RawJson.Parse("""{"omitted":true}""")));
    }

    private static OpIntent Put(byte[] data) =>
        new() { OpId = "op", Verb = Verbs.Put, Kind = Kinds.Part, Key = "p", Data = new RawJson(data) };

    private static string Json(string text) => text.Replace("LARGE", Large, StringComparison.Ordinal);

    private static string Nested(int depth) =>
        string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);
}
