using ShareRpc.Client.Reading;

namespace ShareRpc.Client.Writing;

/// <summary>Options of an enqueue.</summary>
public sealed record EnqueueOptions
{
    public static readonly EnqueueOptions Default = new();

    /// <summary>Gets whether all ops apply or none, in one batch.</summary>
    public bool Atomic { get; init; }

    /// <summary>
    /// Gets the head at which the ops must meet the share, or null. Then they are atomic, too; if the head is another
    /// one, all of them are refused <c>cursor_mismatch</c>, and others go on.
    /// </summary>
    public long? ExpectedCursor { get; init; }

    /// <summary>Gets a bookmark to store with the ops, or null.</summary>
    public Bookmark? Bookmark { get; init; }
}
