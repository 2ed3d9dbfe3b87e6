using ShareRpc.Client.Reading;

namespace ShareRpc.Client.Writing;

/// <summary>Options of an enqueue.</summary>
public sealed record EnqueueOptions
{
    public static readonly EnqueueOptions Default = new();

    /// <summary>Gets whether all ops apply or none, in one batch.</summary>
    public bool Atomic { get; init; }

    /// <summary>Gets a bookmark to store with the ops, or null.</summary>
    public Bookmark? Bookmark { get; init; }
}
