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
    CapabilityChanges changes, CapabilityLists lists, ShareSearch search, ServerHealth health)
{
    public ShareHandle OfShare(SessionState session, Authority authority, ShareFeed feed, string? writerId)
    {
        if (writerId is not null)
        {
            writers.Add(feed.ShareKey, writerId);
            feed.AddWriter();
        }

        CancellationTokenRegistration onDenied = authority.Denied.Register(() => session.NoteDenied(authority));
        var hold = new AuthorityHold(authority, registry, () =>
        {
            onDenied.Dispose();
            if (writerId is not null)
            {
                writers.Remove(feed.ShareKey, writerId);
                feed.RemoveWriter();
            }

            broadcaster.Release(feed);
        });
        return session.Own(new ShareHandle(session, hold, feed, writerId, log, reads, search, admin, changes, lists));
    }

    public RootHandle OfRoot(SessionState session, Authority authority) =>
        session.Own(new RootHandle(session, authority, registry, admin, changes, lists, search, health));
}
