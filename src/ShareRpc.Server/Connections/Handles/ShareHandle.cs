using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Append;
using ShareRpc.Server.Read;
using ShareRpc.Server.Search;

namespace ShareRpc.Server.Connections.Handles;

internal sealed class ShareHandle(
    SessionState session, AuthorityHold hold, ShareFeed feed, string? writerId, ShareLog log, ShareReads reads,
    ShareSearch search, CapabilityAdmin admin,
    CapabilityChanges changes, CapabilityLists lists, Presence presence)
    : CapabilityHandle(session, hold, admin, changes, lists), IShareHandle
{
    private readonly SessionState session = session;
    private readonly BatchOrder order = new();

    public ShareFeed Feed => feed;

    public Task<Ack> AppendOpsAsync(OpBatch batch) => AppendAsync(batch, chain: null);

    /// <summary>Queues the batch before returning, to keep the connection's call order.</summary>
    public Task<Ack> AppendAsync(OpBatch batch, ReplayChain? chain) => Hold.DuringAsync(authority =>
    {
        authority.DemandAppend(writerId is not null);
        return log.AppendAsync(authority, writerId, batch, chain, order);
    });

    public Task<OpPage> ReadOpsAsync(ReadOpsRequest request, CancellationToken cancellationToken) =>
        Hold.DuringAsync(async authority =>
    {
        if (request.WaitMs is null or 0)
            return await reads.ReadAsync(authority, feed, request, cancellationToken).ConfigureAwait(false);
        using SessionState.WaitingRead waiting = session.BeginWaitingRead();
        return await reads.ReadAsync(authority, feed, request, cancellationToken).ConfigureAwait(false);
    });

    public Task<OpPage> SubscribeAsync(SubscribeRequest request, CancellationToken cancellationToken) =>
        FollowAsync(request, sink: null, cancellationToken);

    /// <summary>Subscribes for a sink. Throws <c>method_not_found</c> where nothing can be pushed.</summary>
    public Task<OpPage> FollowAsync(SubscribeRequest request, PageSink? sink, CancellationToken cancellationToken) =>
        Hold.DuringAsync(_ => session.Subscriptions?.FollowAsync(Hold, feed, request, sink, cancellationToken)
            ?? throw new ShareRpcException(ErrorCode.MethodNotFound));

    /// <summary>
    /// Queues the batch before returning; earlier refusals throw. After <see cref="TryBeginCall"/> the caller must
    /// <see cref="EndCall"/>.
    /// </summary>
    public void Append(OpBatch batch, AckReceiver receiver)
    {
        Hold.Authority.DemandAppend(writerId is not null);
        log.Append(Hold.Authority, writerId, batch, order, receiver);
    }

    /// <summary>Gets the log, for who defers a batch.</summary>
    public ShareLog Log => log;

    /// <summary>Begins a call, to be ended by <see cref="EndCall"/>; null once dropped.</summary>
    public Authority? TryBeginCall() => Hold.TryEnter() ? Hold.Authority : null;

    public void EndCall() => Hold.Leave();

    public Task<StatePage> GetStateAsync(GetStateRequest request, CancellationToken cancellationToken) =>
        Hold.DuringAsync(async authority =>
    {
        authority.Demand(Rights.Read);
        return await reads.ReadStateAsync(authority, request);
    });

    public Task<SearchPage> SearchAsync(SearchRequest request, CancellationToken cancellationToken) =>
        Hold.DuringAsync(authority => search.SearchAsync(authority, request, cancellationToken));

    public Task<PresenceList> ListPresenceAsync(CancellationToken cancellationToken) =>
        Hold.DuringAsync(authority => Task.FromResult(presence.List(authority)));

    public Task<ShareKept> KeepShareAsync() => Hold.DuringAsync(async authority =>
    {
        await Admin.KeepShareAsync(authority).ConfigureAwait(false);
        return new ShareKept { KeptUntilMs = await reads.KeptUntilAsync(feed).ConfigureAwait(false) };
    });

    public Task EndShareAsync() => Hold.DuringAsync(Admin.EndShareAsync);
}
