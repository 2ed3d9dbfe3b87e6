using System.Text.Json;

namespace ShareRpc.Tests.Protocol.Vectors;

/// <summary>One test vector, its generators still unexpanded (protocol/vectors/README.md).</summary>
internal sealed record Vector(string Id, IReadOnlyList<string> Rules, string Comment, JsonElement Input,
    JsonElement Expect,
    IReadOnlyList<string> Flags)
{
    /// <summary>What is found in the input, for links; the expectation where it is the same.</summary>
    public JsonElement Found { get; init; } = Expect;

    /// <summary>The input as JSON text.</summary>
    public string InputText => Generator.Expand(Input);

    /// <summary>The expectation as JSON text.</summary>
    public string ExpectText => Generator.Expand(Expect);
}
