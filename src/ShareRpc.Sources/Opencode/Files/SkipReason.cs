namespace ShareRpc.Sources.Opencode.Files;

/// <summary>Why a file or folder of a tree is not imported.</summary>
public enum SkipReason
{
    /// <summary>Links are never followed: they may lead anywhere.</summary>
    SymbolicLink,

    /// <summary>Its name or place is none that opencode gives.</summary>
    UnknownName,

    /// <summary>Larger than a document of a share may be.</summary>
    TooLarge,

    /// <summary>Empty, or no JSON of the right form; it was tried several times, in case it was just being written.</summary>
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

    /// <summary>The tree has no message, or no readable one, that it belongs to: opencode removes messages without their parts.</summary>
    NoMessage,

    /// <summary>The share of this session follows opencode's database, which is newer than the files.</summary>
    FollowsDatabase,

    /// <summary>The share of this session takes nothing any more: it has ended, or the access was taken back.</summary>
    ShareClosed,
}
