using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Append;
using ShareRpc.Server.Read;
using ShareRpc.Server.Search;
using ShareRpc.Server.Turns;

namespace ShareRpc.Server.Connections.Handles;

/// <summary>
/// Creates handles for redemptions. The session owns them; a handle owns its authority, feed and live writer.
/// </summary>
internal sealed class HandleFactory(
    ShareLog log, ShareReads reads, Broadcaster broadcaster, LiveWriters writers, AuthorityRegistry registry,
    CapabilityAdmin admin,
    CapabilityChanges changes, CapabilityLists lists, ShareSearch search, ServerHealth health, Presence presence)
{
    public ShareHandle OfShare(SessionState session, Authority authority, ShareFeed feed, string? writerId)
    {
        // One that may not append writes nothing, whatever it is bound to.
        bool isWriter = writerId is not null && authority.Ref.Rights.HasFlag(Rights.Append);
        if (isWriter)
        {
            writers.Add(feed.ShareKey, writerId!);
            feed.AddWriter();
        }
        else
        {
            presence.Add(authority);
        }

        CancellationTokenRegistration onDenied = authority.Denied.Register(() => session.NoteDenied(authority));
        var hold = new AuthorityHold(authority, registry, () =>
        {
            onDenied.Dispose();
            if (isWriter)
            {
                writers.Remove(feed.ShareKey, writerId!);
                feed.RemoveWriter();
            }

            presence.Remove(authority);
            broadcaster.Release(feed);
        });
        return session.Own(
            new ShareHandle(session, hold, feed, writerId, log, reads, search, admin, changes, lists, presence));
    }

    public RootHandle OfRoot(SessionState session, Authority authority) =>
        session.Own(new RootHandle(session, authority, registry, admin, changes, lists, search, health));
}
