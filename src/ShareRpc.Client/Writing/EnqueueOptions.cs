using ShareRpc.Client.Reading;

namespace ShareRpc.Client.Writing;

/// <summary>How ops are enqueued.</summary>
public sealed record EnqueueOptions
{
    public static readonly EnqueueOptions Default = new();

    /// <summary>The ops come about together or not at all; they must fit one batch of the server's limits.</summary>
    public bool Atomic { get; init; }

    /// <summary>Stored with the ops, in the same transaction.</summary>
    public Bookmark? Bookmark { get; init; }
}
