using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Following;

/// <summary>What is stored in the transaction of a step's ops.</summary>
/// <param name="Reader">The reader's bookmark.</param>
/// <param name="Turns">See <see cref="KnownTurns"/>; null for none.</param>
/// <param name="Subagents">See <see cref="SubagentMarks.Newest"/>; null for none.</param>
internal sealed record FollowPosition(
    string Reader, string? Turns = null, IReadOnlyList<SubagentMessage>? Subagents = null)
{
    public string ToJson() => JsonSerializer.Serialize(this, ProtocolJson.Options);

    /// <summary>Returns null for none, or for text of another version: read from the start.</summary>
    public static FollowPosition? FromJson(string? json)
    {
        if (json is null) return null;
        try
        {
            return JsonSerializer.Deserialize<FollowPosition>(json, ProtocolJson.Options) is { Reader: not null } read
                ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
