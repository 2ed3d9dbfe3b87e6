using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Tests.Protocol.Vectors;

public sealed class FoldVectorTests
{
    public static TheoryData<string> Ids => VectorSuite.Ids("fold");

    [Theory]
    [MemberData(nameof(Ids))]
    public void An_op_makes_of_its_document_what_its_vector_says(string id)
    {
        Vector vector = VectorSuite.Load("fold")[id];
        RawJson? current = Read(vector.Input.GetProperty("doc"));
        RawJson? data = vector.Input.TryGetProperty("data", out JsonElement given) ? Read(given) : null;
        RawJson? folded = DocumentFold.Apply(current, vector.Input.GetProperty("verb").GetString()!, data);
        Assert.Equal(JsonSame.Canonical(vector.ExpectText), JsonSame.Canonical(folded?.ToString() ?? "null"));
    }

    private static RawJson? Read(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null ? null : RawJson.Parse(Generator.Expand(value));
}
