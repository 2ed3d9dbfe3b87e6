using System.Globalization;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.GeminiCli;

/// <summary>
/// Where the documents of a conversation belong. Keys name the file and line where a message first stood.
/// </summary>
/// <param name="SessionId">The session that is shared.</param>
/// <param name="AgentSession">The subagent; null for the session itself.</param>
internal sealed record ChatPlace(string SessionId, string? AgentSession)
{
    public static string KeyOf(string tag, int line, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{tag}.{line:D8}.{index:D5}");

    public static string PartKey(string message, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{message}.{part:D4}");

    /// <summary>Returns the removals of a message and of parts of it.</summary>
    public static IEnumerable<DocumentChange> Removals(string message, int parts) => Enumerable.Range(0, parts)
        .Select(part => SessionFormat.Removed(Kinds.Part, PartKey(message, part)))
        .Append(SessionFormat.Removed(Kinds.Message, message));
}
