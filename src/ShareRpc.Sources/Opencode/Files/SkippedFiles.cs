using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>Counts all skipped files; lists the first 10,000. Not thread-safe.</summary>
internal sealed class SkipList
{
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
    /// <summary>Gets the reason as text.</summary>
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

/// <summary>Why a file or folder is not imported.</summary>
public enum SkipReason
{
    /// <summary>Links are not followed.</summary>
    SymbolicLink,

    /// <summary>Not an opencode name or place.</summary>
    UnknownName,

    /// <summary>Over the file size limit.</summary>
    TooLarge,

    /// <summary>Empty or invalid JSON, after retries.</summary>
    NotJson,

    /// <summary>Its ids differ from its name and folder.</summary>
    OtherId,

    /// <summary>Over a protocol limit, such as depth.</summary>
    OverLimits,

    /// <summary>Cannot be read.</summary>
    Unreadable,

    /// <summary>The session exists twice.</summary>
    Duplicate,

    /// <summary>Its session is missing or unreadable.</summary>
    NoSession,

    /// <summary>Its message is missing or unreadable; opencode keeps the parts of removed messages.</summary>
    NoMessage,

    /// <summary>The share follows the newer database.</summary>
    FollowsDatabase,

    /// <summary>The share ended, or access was revoked.</summary>
    ShareClosed,
}
