using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Log;

/// <summary>Tells whoever awaits it.</summary>
internal sealed class AckTask : AckReceiver
{
    private readonly TaskCompletionSource<Ack> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Ack> Completion => completion.Task;

    public override void Take(Ack ack) => completion.TrySetResult(ack);

    public override void Refuse(ShareRpcException error) => completion.TrySetException(error);
}
