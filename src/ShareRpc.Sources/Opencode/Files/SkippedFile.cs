namespace ShareRpc.Sources.Opencode.Files;

/// <summary>A file or folder that was not imported.</summary>
/// <param name="Path">Relative to the tree, with slashes. A stranger's text: not fit for a terminal as it is.</param>
/// <param name="Reason">Why.</param>
public sealed record SkippedFile(string Path, SkipReason Reason)
{
    /// <summary>The reason in words, for people.</summary>
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
