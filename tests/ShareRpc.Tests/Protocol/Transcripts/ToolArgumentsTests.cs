using System.Text.Json;
using ShareRpc.Protocol.Transcripts;

namespace ShareRpc.Tests.Protocol.Transcripts;

/// <summary>What a mistake of a caller of a tool is answered with.</summary>
public sealed class ToolArgumentsTests
{
    private static readonly JsonElement Schema = JsonDocument.Parse(
        """
        {"type":"object","required":["session"],"properties":{
          "session":{"type":"string","description":"A link"},"turn":{"type":["integer","null"],"description":"A turn"},
          "latest":{"type":["boolean","null"],"description":"The end"}}}
        """).RootElement;

    [Theory]
    [InlineData("""{}""", "read needs session: A link. Call read again with it.")]
    [InlineData("""{"session":null}""", "read needs session: A link. Call read again with it.")]
    [InlineData("""{"session":7}""",
        "session of read must be string: A link. Call read again with that, or without session.")]
    [InlineData("""{"session":"s","turn":"x"}""",
        "turn of read must be integer: A turn. Call read again with that, or without turn.")]
    [InlineData("""{"session":"s","latest":1}""",
        "latest of read must be boolean: The end. Call read again with that, or without latest.")]
    [InlineData("""{"session":"s","turn":null,"latest":true,"more":{}}""", null)]
    public void A_mistake_is_told_with_the_next_step(string given, string? expected) => Assert.Equal(expected,
        ToolArguments.Fault("read", Schema, JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(given)));
}
