using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Tests.Fakes;

/// <summary>A live share of a <see cref="ScriptedServer"/>.</summary>
internal sealed class ScriptedShareHandle : IShareHandle
{
    private readonly ScriptedServer server;
    private readonly ScriptedConnection connection;
    private readonly ScriptedRef own;
    private readonly ScriptedShare share;
    private readonly string? writerId;

    public ScriptedShareHandle(ScriptedServer server, ScriptedConnection connection, ScriptedRef own,
        ScriptedShare share, string? writerId)
    {
        (this.server, this.connection, this.own, this.share, this.writerId) =
            (server, connection, own, share, writerId);
        Interlocked.Increment(ref connection.LiveHandles);
    }

    public Task<Ack> AppendOpsAsync(OpBatch batch)
    {
        server.Note(batch);
        Demand(Rights.Append);
        Ack? scripted = server.AnswerBatch?.Invoke(batch);
        Ack ack;
        lock (server.Gate) ack = scripted ?? share.Apply(own.CapId, writerId, batch);
        return AnswerAsync(batch, ack);
    }

    public async Task<OpPage> ReadOpsAsync(ReadOpsRequest request, CancellationToken cancellationToken)
    {
        server.Note(request);
        while (true)
        {
            Task changed;
            lock (server.Gate)
            {
                Demand(Rights.Read);
                changed = share.Changed;
                OpPage page = ReadNow(request);
                if (page.Ops.Count > 0 || page.Gap is not null || share.IsEnded || request.WaitMs is null or 0)
                    return page;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    public Task<OpPage> SubscribeAsync(SubscribeRequest request, CancellationToken cancellationToken) =>
        throw new ShareRpcException(ErrorCode.MethodNotFound); // as a server of before, which has no features

    public OpPage ReadNow(ReadOpsRequest request)
    {
        List<LoggedOp> ops = [.. share.Log.Where(
            op => op.Cursor > request.After).Take(Math.Min(request.Limit ?? int.MaxValue, server.Limits.PageEntries))];
        long? gap = request.After < share.CompactedTo ? share.CompactedTo : null;
        return new OpPage
        {
            Ops = gap is null ? ops : [], Cursor = gap is null && ops.Count > 0 ? ops[^1].Cursor : request.After,
            Head = share.Log.Count,
            Gap = gap,
            Generation = share.Generation,
            Ended = share.IsEnded ? true : null,
        };
    }

    public Task<SearchPage> SearchAsync(SearchRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<StatePage> GetStateAsync(GetStateRequest request, CancellationToken cancellationToken)
    {
        server.Note(request);
        Demand(Rights.Read);
        List<Document> all = [.. share.Log.GroupBy(op => (op.Kind, op.Key))
            .Select(ops => new Document(ops.Key.Kind, ops.Key.Key, ops.Last().Cursor, ops.Last().Data!.Value))
            .OrderBy(doc => doc.Kind, StringComparer.Ordinal).ThenBy(doc => doc.Key, StringComparer.Ordinal)];
        int start = request.AfterKey is { } after ? 1
            + all.FindIndex(doc => doc.Kind == after.Kind && doc.Key == after.Key) : 0;
        List<Document> page =
            [.. all.Skip(start).Take(Math.Min(request.Limit ?? int.MaxValue, server.Limits.PageEntries))];
        return Task.FromResult(new StatePage
        {
            Docs = page, Cursor = share.Log.Count, Generation = share.Generation,
            NextKey = start + page.Count < all.Count ? new DocKey(page[^1].Kind, page[^1].Key) : null,
        });
    }

    public Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request)
    {
        server.Note(request);
        Demand(Rights.Attenuate);
        if (!RightsNames.TryParse(request.Rights, out Rights rights))
            throw new ShareRpcException(ErrorCode.InvalidParams);
        lock (server.Gate) server.Refs.TryAdd(request.TokenDigest,
            new ScriptedRef(request.CapId, share.ShareId, rights));
        return Task.FromResult(new CapabilityCreated { CapId = request.CapId, Epoch = 1 });
    }

    public Task<CapabilityRevoked> RevokeCapabilityAsync(RevokeCapabilityRequest request)
    {
        server.Note(request);
        Demand(Rights.Revoke);
        lock (server.Gate)
        {
            ScriptedRef found = server.Refs.Values.FirstOrDefault(one => one.CapId == request.CapId)
                ?? throw new ShareRpcException(ErrorCode.NotFound);
            found.DeadCode = ErrorCode.CapabilityRevoked;
            share.Wake();
        }

        return Task.FromResult(new CapabilityRevoked { Epoch = 2 });
    }

    public Task<CapabilityChanged> SuspendCapabilityAsync(CapabilityRequest request) => Change(request);

    public Task<CapabilityChanged> ResumeCapabilityAsync(CapabilityRequest request) => Change(request);

    public Task<CapabilityChanged> RotateCapabilityAsync(RotateCapabilityRequest request) => Change(request);

    public Task<CapabilityPage> ListCapabilitiesAsync(CapabilityListRequest request,
        CancellationToken cancellationToken)
    {
        server.Note(request);
        Demand(Rights.Revoke);
        lock (server.Gate)
        {
            List<CapabilityInfo> infos =
                [.. server.Refs.Values.Where(one => one.ShareId == share.ShareId).Select(one => new CapabilityInfo
            {
                CapId = one.CapId, Rights = one.Rights.ToNames(), Caveats = Caveats.None, Epoch = 1,
                State = one.DeadCode is null ? "active" : "revoked",
                CreatedMs = 0, LiveHandles = 0,
            })];
            return Task.FromResult(new CapabilityPage { Capabilities = infos });
        }
    }

    public Task<PresenceList> ListPresenceAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new PresenceList { Present = [] });

    public Task<AuditPage> ListAuditAsync(AuditRequest request, CancellationToken cancellationToken)
    {
        server.Note(request);
        Demand(Rights.Revoke);
        return Task.FromResult(
            new AuditPage { Entries = [new AuditEntry { Position = 1, TimeMs = 0, Action = "create_share" }] });
    }

    public Task<ShareKept> KeepShareAsync() => Task.FromResult(new ShareKept());

    public Task EndShareAsync()
    {
        Demand(Rights.Append);
        lock (server.Gate)
        {
            share.IsEnded = true;
            share.Wake();
        }

        return Task.CompletedTask;
    }

    public void Dispose()
    {
        Interlocked.Decrement(ref connection.LiveHandles);
        server.HandleReleased();
    }

    private async Task<Ack> AnswerAsync(OpBatch batch, Ack ack)
    {
        if (server.BeforeAck is { } before) await before(batch);
        return ack;
    }

    private void Demand(Rights right)
    {
        lock (server.Gate)
        {
            if (own.DeadCode is { } code) throw new ShareRpcException(code);
            if (!own.Rights.HasFlag(right)) throw new ShareRpcException(ErrorCode.Forbidden);
        }
    }

    private Task<CapabilityChanged> Change(object request)
    {
        server.Note(request);
        return Task.FromResult(new CapabilityChanged { Epoch = 1 });
    }
}
