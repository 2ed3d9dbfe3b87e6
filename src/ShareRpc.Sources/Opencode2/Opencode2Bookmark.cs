using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Opencode2;

/// <summary>How far a session and those of its subagents are read.</summary>
/// <param name="Sessions">By session id; the first is the session itself.</param>
/// <param name="Document">The digest of the session document.</param>
/// <param name="Messages">The number of messages put.</param>
/// <param name="Parts">The number of parts put.</param>
/// <param name="Waiting">The prompts put that OpenCode has not taken up; null for none.</param>
/// <param name="TodoSeq">Where the to-do list is from; -1 for version 1 or none, less if none was looked for.</param>
internal sealed record Opencode2Bookmark(
    Dictionary<string, RowPosition> Sessions, string Document = "", int Messages = 0, int Parts = 0,
    IReadOnlyList<KnownRow>? Waiting = null, long TodoSeq = Opencode2Bookmark.NoTodos)
{
    public const long NoTodos = -2;

    public string ToJson() => JsonSerializer.Serialize(this, ProtocolJson.Options);

    /// <summary>Returns null for none, or for text of another version.</summary>
    public static Opencode2Bookmark? FromJson(string? json)
    {
        if (string.IsNullOrEmpty(json)) return null;
        try
        {
            var read = JsonSerializer.Deserialize<Opencode2Bookmark>(json, ProtocolJson.Options);
            return read is { Sessions: not null } ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>How far the rows of one session are read.</summary>
internal sealed record RowPosition
{
    public static readonly RowPosition Start = new();

    /// <summary>Gets the largest seq; -1 for none.</summary>
    public long Seq { get; init; } = -1;

    /// <summary>Gets the largest <c>time_updated</c>: what was updated then or later is read again.</summary>
    public long Time { get; init; } = -1;

    /// <summary>Gets the number of rows up to that seq: another number means that some are gone.</summary>
    public long Rows { get; init; }

    /// <summary>Gets the newest rows, oldest first, so that those which are gone can be removed.</summary>
    public IReadOnlyList<KnownRow> Known { get; init; } = [];

    /// <summary>Gets the user's message of the turn that is open; null for none.</summary>
    public string? Turn { get; init; }

    /// <summary>Gets the message from which on the user has undone the session; null for none.</summary>
    public string? UndoneFrom { get; init; }
}

/// <summary>A row that was put.</summary>
/// <param name="Id">The message id.</param>
/// <param name="Seq">Its place.</param>
/// <param name="Parts">The number of its parts; -1 for a row without a document.</param>
/// <param name="Digest">Of what was read.</param>
internal sealed record KnownRow(string Id, long Seq, int Parts, string Digest);
