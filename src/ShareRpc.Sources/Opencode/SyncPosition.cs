using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Opencode;

/// <summary>How far a session is read: a bookmark, committed with its ops.</summary>
internal sealed record SyncPosition
{
    /// <summary>Gets the last event in ops or rows; -1 for none.</summary>
    public long EventSeq { get; init; } = -1;

    /// <summary>Gets the id of that event; a different id means another log.</summary>
    public string EventId { get; init; } = "";

    /// <summary>Gets the largest compared <c>time_updated</c>; -1 for none.</summary>
    public long TimeUpdated { get; init; } = -1;

    /// <summary>Gets the digest of that time's rows, which can change within 1 ms.</summary>
    public string Tie { get; init; } = "";

    public string Session { get; init; } = "";

    /// <summary>Gets what was undone then (<see cref="Opencode.Revert"/>); null for nothing.</summary>
    public string? Revert { get; init; }

    /// <summary>Gets the to-do digest; empty if none.</summary>
    public string Todo { get; init; } = "";

    public string ToJson() => JsonSerializer.Serialize(this, ProtocolJson.Options);

    /// <summary>Returns null if invalid: start from the rows.</summary>
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
