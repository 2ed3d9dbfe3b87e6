using System.Diagnostics;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Append;
using ShareRpc.Server.Diagnostics;

namespace ShareRpc.Server.Connections.DirectCalls;

internal sealed class PendingAppend(DirectCallDispatcher calls, ParsedCall call, bool isDeferred)
    : AckReceiver, IThreadPoolWorkItem
{
    private readonly Activity? span = ServerTracing.BeginCall("appendOps", call.TraceParent);
    private Ack? ack;
    private ShareRpcException? refusal;

    public override IThreadPoolWorkItem FollowUp => this;

    public override bool IsDeferred => isDeferred;

    public void Begin()
    {
        if (span is not null) Activity.Current = span;
        try
        {
            call.Handle.Append(call.Batch!, this);
        }
        catch (ShareRpcException error)
        {
            refusal = error;
            Execute();
        }
        finally
        {
            if (span is not null) Activity.Current = null;
        }
    }

    public override void Take(Ack ack) => this.ack = ack;

    public override void Refuse(ShareRpcException error) => refusal = error;

    public void Execute()
    {
        call.Handle.EndCall();
        ServerTracing.End(span);
        var reply = new ReplyBuffer();
        if (ack is not null) ReplyWriter.Write(reply, call.Id, ack);
        else calls.WriteError(reply, call, refusal!);
        calls.Send(reply, refusal?.Code == ErrorCode.RejectionsExceeded ? call.Handle.Log.HoldUpAsync() : null);
    }
}
