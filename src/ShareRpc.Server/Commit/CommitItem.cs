using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>Work in the commit loop's transaction; answered once durable.</summary>
internal abstract class CommitItem
{
    /// <summary>Runs first; never refused for a full queue.</summary>
    public virtual bool IsUrgent => false;

    /// <summary>Joins another item's transaction, or gets its own after a wait.</summary>
    public bool IsBackground { get; init; }

    /// <summary>
    /// Gets whether it has a transaction of its own in a store that others write, too: a change of authority.
    /// </summary>
    public virtual bool IsAlone { get; init; }

    /// <summary>
    /// Gets whether who queued it sees to its commit next, by <see cref="CommitQueue.CommitHere"/> or
    /// <see cref="CommitQueue.Wake"/>.
    /// </summary>
    public virtual bool IsDeferred => false;

    /// <summary>Gets the share that it is about, locked before anything else.</summary>
    public virtual long? ShareKey { get; init; }

    /// <summary>Gets the refs on which it stands, as they are known here.</summary>
    public virtual IReadOnlyList<RefLink> Refs => [];

    public virtual int Ops => 1;

    public virtual int Bytes => 256;

    /// <summary>Work after the result, for any thread; null for none.</summary>
    public virtual IThreadPoolWorkItem? FollowUp => null;

    /// <summary>
    /// Returns what it must know of the store, which is looked up for the whole transaction at once. Runs on the commit
    /// thread, before anything of the transaction.
    /// </summary>
    public virtual ValueTask<AppendLookup?> LookUpAsync(CommitScope scope) => default;

    public virtual void Take(AppendFacts facts)
    {
    }

    /// <summary>
    /// Runs on the commit thread. <see cref="ShareRpcException"/> is a refusal, thrown before any write.
    /// </summary>
    public abstract ValueTask ExecuteAsync(CommitScope scope);

    public abstract void Complete();

    public abstract void Fail(ShareRpcException error);
}
