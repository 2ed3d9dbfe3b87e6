using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Append;

namespace ShareRpc.Server.Connections.DirectCalls;

internal sealed class PendingAppend(DirectCallDispatcher calls, ParsedCall call) : AckReceiver, IThreadPoolWorkItem
{
    private Ack? ack;
    private ShareRpcException? refusal;

    public override IThreadPoolWorkItem FollowUp => this;

    public void Begin()
    {
        try
        {
            call.Handle.Append(call.Batch!, this);
        }
        catch (ShareRpcException error)
        {
            refusal = error;
            Execute();
        }
    }

    public override void Take(Ack ack) => this.ack = ack;

    public override void Refuse(ShareRpcException error) => refusal = error;

    public void Execute()
    {
        call.Handle.EndCall();
        var reply = new ReplyBuffer();
        if (ack is not null) ReplyWriter.Write(reply, call.Id, ack);
        else calls.WriteError(reply, call, refusal!);
        calls.Send(reply);
    }
}
