using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>One reply of a scripted model: a thought, a text, and calls of tools.</summary>
internal sealed record AgentReply(string? Text, string? Thought, params IReadOnlyList<AgentCall> Calls);

/// <summary>A call of a tool.</summary>
internal sealed record AgentCall(string Name, JsonObject Arguments)
{
    /// <summary>Gets the group of the tool, in which Codex has those of an MCP server; null for its own.</summary>
    public string? Namespace { get; init; }
}
