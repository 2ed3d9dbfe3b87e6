using ShareRpc.Client.Reading;

namespace ShareRpc.Client.Writing;

/// <summary>How ops are enqueued.</summary>
public sealed record EnqueueOptions
{
    public static readonly EnqueueOptions Default = new();

    /// <summary>Gets whether all ops or none are applied; they must fit one batch of the server's limits.</summary>
    public bool Atomic { get; init; }

    /// <summary>Gets the bookmark to store in the transaction of the ops; null for none.</summary>
    public Bookmark? Bookmark { get; init; }
}
