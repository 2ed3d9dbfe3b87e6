using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// How far a session has been read: kept in the outbox as a bookmark, written in the same transaction as the ops it
/// follows from.
/// </summary>
internal sealed record SyncPosition
{
    /// <summary>Gets the last event that has become ops, or that the rows included; -1 for none.</summary>
    public long EventSeq { get; init; } = -1;

    /// <summary>
    /// Gets the id of that event: another one at the same seq means another log (session recreated, file replaced).
    /// </summary>
    public string EventId { get; init; } = "";

    /// <summary>
    /// Gets the largest <c>time_updated</c> of the message and part rows when rows were last compared; -1 for none.
    /// </summary>
    public long TimeUpdated { get; init; } = -1;

    /// <summary>
    /// Gets the digest of the rows of exactly that time: one of them may change again within the same millisecond.
    /// </summary>
    public string Tie { get; init; } = "";

    /// <summary>Gets the digest of the session's document.</summary>
    public string Session { get; init; } = "";

    /// <summary>Gets the digest of the to-do list's document; empty if there is none.</summary>
    public string Todo { get; init; } = "";

    public string ToJson() => JsonSerializer.Serialize(this, ProtocolJson.Options);

    /// <summary>Returns null for what is no position, which means: start from the rows.</summary>
    public static SyncPosition? FromJson(string? json)
    {
        if (json is null) return null;
        try
        {
            return JsonSerializer.Deserialize<SyncPosition>(json, ProtocolJson.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
