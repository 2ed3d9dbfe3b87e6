using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Tests.Fakes;

/// <summary>The redemptions of a <see cref="ScriptedServer"/>.</summary>
internal sealed class ScriptedGateway(ScriptedServer server, ScriptedConnection connection) : IShareGateway
{
    public async Task<RedeemShareResult> RedeemShareAsync(RedeemShareRequest request,
        CancellationToken cancellationToken)
    {
        server.Note(request);
        ScriptedRef found = server.Redeem(request.Token);
        if (found.ShareId is null) throw new ShareRpcException(ErrorCode.Forbidden);
        bool isCounted = found.UsesLeft is not null;
        found = server.Use(found, request.Grant);
        await (server.AfterUse?.Invoke(request) ?? Task.CompletedTask);
        ScriptedShare share = server.Shares[found.ShareId!];
        var handle = new ScriptedShareHandle(server, connection, found, share, request.WriterId);
        List<BatchOutcome>? acks = request.Append is null ? null : [];
        foreach (OpBatch batch in request.Append ?? [])
        {
            try
            {
                acks!.Add(new BatchOutcome { BatchId = batch.BatchId, Ack = await handle.AppendOpsAsync(batch) });
            }
            catch (ShareRpcException error)
            {
                acks!.Add(new BatchOutcome { BatchId = batch.BatchId, Error = ErrorData.From(error) });
                if (ErrorCodes.IsAuthority(error.Code) || error.Code is ErrorCode.WriterForked or ErrorCode.SequenceGap)
                    break;
            }
        }

        lock (server.Gate)
        {
            return new RedeemShareResult
            {
                Share = handle, ShareId = share.ShareId, CapId = found.CapId, Rights = found.Rights.ToNames(),
                Caveats = isCounted ? new Caveats { MaxUses = 1 } : Caveats.None, Epoch = 1,
                Cursor = share.Log.Count, Limits = server.Limits, Acks = acks,
                Grant = found.IsGrant ? new GrantInfo { CapId = found.CapId, ExpiresAtMs = 0 } : null,
                Writer = request.WriterId is { } writerId
                    ? new WriterState { AckedSeq = share.WatermarkOf(writerId) } : null,
                Page = request.Read is { } read ? handle.ReadNow(read) : null,
            };
        }
    }

    public Task GiveCreditAsync(CreditRequest request)
    {
        server.Note(request);
        return Task.CompletedTask;
    }

    public Task<RedeemRootResult> RedeemRootAsync(RedeemRootRequest request, CancellationToken cancellationToken)
    {
        server.Note(request);
        ScriptedRef found = server.Redeem(request.Token);
        if (found.ShareId is not null) throw new ShareRpcException(ErrorCode.Forbidden);
        return Task.FromResult(new RedeemRootResult
        {
            Root = new ScriptedRootHandle(server, connection),
            CapId = found.CapId, Rights = found.Rights.ToNames(), Caveats = Caveats.None, Epoch = 1,
            Limits = server.Limits,
        });
    }
}
