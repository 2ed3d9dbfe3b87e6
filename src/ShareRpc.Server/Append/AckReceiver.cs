using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Append;

/// <summary>Who is told, once, what became of a batch. The commit thread tells it, after the fsync, and must not be held up.</summary>
internal abstract class AckReceiver
{
    /// <summary>What is left to do with the answer, on another thread; null when nothing is.</summary>
    public virtual IThreadPoolWorkItem? FollowUp => null;

    /// <summary>The batch is on disk.</summary>
    public abstract void Take(Ack ack);

    /// <summary>The batch was refused, or its transaction failed and nothing of it stands.</summary>
    public abstract void Refuse(ShareRpcException error);
}

/// <summary>Tells whoever awaits it.</summary>
internal sealed class AckTask : AckReceiver
{
    private readonly TaskCompletionSource<Ack> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Ack> Completion => completion.Task;

    public override void Take(Ack ack) => completion.TrySetResult(ack);

    public override void Refuse(ShareRpcException error) => completion.TrySetException(error);
}
