using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Connections.Handles;

/// <summary>The subscriptions of one connection. Any thread.</summary>
internal interface ISubscriptions
{
    /// <summary>Pushes pages until the share ends or the handle may not read any more (SPEC [SUB-1]).</summary>
    Task<OpPage> FollowAsync(
        AuthorityHold hold, ShareFeed feed, SubscribeRequest request, CancellationToken cancellationToken);

    /// <summary>Gives credit to a subscription; ignores an unknown one.</summary>
    void GiveCredit(CreditRequest request);

    /// <summary>Makes each look whether it must end.</summary>
    void WakeAll();
}
