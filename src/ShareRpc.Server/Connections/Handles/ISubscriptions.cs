using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Connections.Handles;

/// <summary>The subscriptions of one connection. Any thread.</summary>
internal interface ISubscriptions
{
    /// <summary>Pushes pages until the share ends or the handle may not read any more (SPEC [SUB-1]).</summary>
    /// <param name="hold">Whose they are.</param>
    /// <param name="feed">Of the share.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="sink">Takes the pages; null: notifications of the connection.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task<OpPage> FollowAsync(AuthorityHold hold, ShareFeed feed, SubscribeRequest request, PageSink? sink,
        CancellationToken cancellationToken);

    /// <summary>Gives credit to a subscription; ignores an unknown one.</summary>
    void GiveCredit(CreditRequest request);

    /// <summary>Makes each look whether it must end.</summary>
    void WakeAll();
}
