using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Tests.Sources.Following;

/// <summary>What a session holds, as two readers that know nothing of each other must agree on.</summary>
/// <param name="Asked">Messages of the user.</param>
/// <param name="Answered">Messages of models.</param>
/// <param name="ToolCalls">Calls of tools.</param>
/// <param name="ToolResults">Calls that have an end.</param>
/// <param name="Tokens">Input, output, and what was read from and written to caches, together.</param>
/// <param name="Cost">In dollars; null if the agent does not say.</param>
public sealed record SessionCounts(
    int Asked, int Answered, int ToolCalls, int ToolResults, long Tokens, decimal? Cost)
{
    /// <summary>Returns what a share holds of a session.</summary>
    internal static SessionCounts Of(ReadSession read) => new(
        read.Messages.Count(message => message.Text("role") == "user"),
        read.Messages.Count(message => message.Text("role") == "assistant"), read.Tools.Count(),
        read.Tools.Count(part => part.Text("state", "status") is "completed" or "error"),
        read.Session.Number("tokens", "total") ?? 0,
        read.Session.Find("cost") is { ValueKind: JsonValueKind.Number } cost ? cost.GetDecimal() : null);
}
