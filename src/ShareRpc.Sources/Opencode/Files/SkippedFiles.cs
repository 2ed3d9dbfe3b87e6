using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>What was left out: counted without end, listed up to a bound. Not for several threads.</summary>
internal sealed class SkipList
{
    /// <summary>Entries that are listed; the rest is only counted.</summary>
    public const int MaxListed = 10_000;

    private readonly List<SkippedFile> listed = [];

    public int Count { get; private set; }

    public IReadOnlyList<SkippedFile> Listed => listed;

    public void Add(string path, SkipReason reason)
    {
        Count++;
        if (listed.Count < MaxListed) listed.Add(new SkippedFile(path, reason));
    }

    public void AddAll(SkipList other)
    {
        Count += other.Count;
        listed.AddRange(other.listed.Take(MaxListed - listed.Count));
    }

    /// <summary>Returns <c>[{"path": "part/...", "reason": "no_message"}, ...]</c>.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        listed.Select(file =>
            new { file.Path, Reason = JsonNamingPolicy.SnakeCaseLower.ConvertName(file.Reason.ToString()) }),
        ProtocolJson.Options);
}

/// <summary>A file or folder that was not imported.</summary>
/// <param name="Path">Relative to the tree, with slashes. A stranger's text: not fit for a terminal as it is.</param>
/// <param name="Reason">Why.</param>
public sealed record SkippedFile(string Path, SkipReason Reason)
{
    /// <summary>Gets the reason in words, for people.</summary>
    public string Explanation => Reason switch
    {
        SkipReason.SymbolicLink => "a symbolic link; links are not followed",
        SkipReason.UnknownName => "not a name or place that opencode uses",
        SkipReason.TooLarge => "too large for a document of a share",
        SkipReason.NotJson => "empty or broken, and it stayed so",
        SkipReason.OtherId => "the ids in it are not those of its name and folder",
        SkipReason.OverLimits => "over the protocol's limits (size or nesting)",
        SkipReason.Unreadable => "cannot be read",
        SkipReason.Duplicate => "this session is there twice",
        SkipReason.NoSession => "its session is not in the tree",
        SkipReason.NoMessage => "its message is not in the tree (opencode leaves the parts of removed messages behind)",
        SkipReason.FollowsDatabase => "its share follows opencode's database, which is newer",
        SkipReason.ShareClosed => "its share takes nothing any more",
        _ => "left out",
    };
}

/// <summary>Why a file or folder of a tree is not imported.</summary>
public enum SkipReason
{
    /// <summary>Links are never followed: they may lead anywhere.</summary>
    SymbolicLink,

    /// <summary>Its name or place is none that opencode gives.</summary>
    UnknownName,

    /// <summary>Larger than a document of a share may be.</summary>
    TooLarge,

    /// <summary>
    /// Empty, or no JSON of the right form; it was tried several times, in case it was just being written.
    /// </summary>
    NotJson,

    /// <summary>The ids in it are not those of its name and folder.</summary>
    OtherId,

    /// <summary>The protocol does not take it: nested too deep, say.</summary>
    OverLimits,

    /// <summary>The system would not let it be read.</summary>
    Unreadable,

    /// <summary>The session is there a second time, under another project.</summary>
    Duplicate,

    /// <summary>The tree has no session, or no readable one, that it belongs to.</summary>
    NoSession,

    /// <summary>
    /// The tree has no message, or no readable one, that it belongs to: opencode removes messages without their parts.
    /// </summary>
    NoMessage,

    /// <summary>The share of this session follows opencode's database, which is newer than the files.</summary>
    FollowsDatabase,

    /// <summary>The share of this session takes nothing any more: it has ended, or the access was taken back.</summary>
    ShareClosed,
}
