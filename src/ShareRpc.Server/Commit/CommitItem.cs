using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Commit;

/// <summary>Something that the commit loop does inside its transaction, and whose caller hears of it only after the disk has it.</summary>
internal abstract class CommitItem
{
    /// <summary>Goes before everything that is not urgent, and is never refused for a full queue.</summary>
    public virtual bool IsUrgent => false;

    /// <summary>
    /// Nobody waits for it: it goes along with the next transaction of others, and has one of its own only when none comes for a while.
    /// </summary>
    public bool IsBackground { get; init; }

    /// <summary>How much of a transaction it takes, in ops.</summary>
    public virtual int Ops => 1;

    /// <summary>The memory it holds while it waits.</summary>
    public virtual int Bytes => 256;

    /// <summary>What is left to do once it is completed or failed, when nothing waits for the thread that does it; or null.</summary>
    public virtual IThreadPoolWorkItem? FollowUp => null;

    /// <summary>
    /// Runs on the commit thread. A <see cref="ShareRpcException"/> is a refusal, and must be thrown before anything was written.
    /// </summary>
    public abstract ValueTask ExecuteAsync(CommitScope scope);

    /// <summary>The transaction is on disk.</summary>
    public abstract void Complete();

    /// <summary>The item was refused, or its transaction failed and nothing of it stands.</summary>
    public abstract void Fail(ShareRpcException error);
}
