using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Append;

/// <summary>Receives a batch's result once, from the commit thread after the fsync. Must not block.</summary>
internal abstract class AckReceiver
{
    public virtual IThreadPoolWorkItem? FollowUp => null;

    /// <summary>Gets whether who appends calls <see cref="ShareLog.Commit"/> next.</summary>
    public virtual bool IsDeferred => false;

    public abstract void Take(Ack ack);

    public abstract void Refuse(ShareRpcException error);
}

internal sealed class AckTask : AckReceiver
{
    private readonly TaskCompletionSource<Ack> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Ack> Completion => completion.Task;

    public override void Take(Ack ack) => completion.TrySetResult(ack);

    public override void Refuse(ShareRpcException error) => completion.TrySetException(error);
}
