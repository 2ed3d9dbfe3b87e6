using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Append;
using ShareRpc.Server.Read;
using ShareRpc.Server.Turns;

namespace ShareRpc.Server.Connections.Handles;

/// <summary>
/// Makes the handles of redemptions. The session owns them, and with a handle go its authority, its feed and its live
/// writer.
/// </summary>
internal sealed class HandleFactory(
    ShareLog log, ShareReads reads, Broadcaster broadcaster, LiveWriters writers, AuthorityRegistry registry, CapabilityAdmin admin,
    CapabilityChanges changes, CapabilityLists lists, ServerHealth health)
{
    /// <summary>
    /// Returns a handle on the share of an authority; the handle takes both and the share's feed over.
    /// </summary>
    public ShareHandle OfShare(SessionState session, Authority authority, ShareFeed feed, string? writerId)
    {
        if (writerId is not null) writers.Add(feed.ShareKey, writerId);
        CancellationTokenRegistration onDenied = authority.Denied.Register(() => session.NoteDenied(authority));
        var hold = new AuthorityHold(authority, registry, () =>
        {
            onDenied.Dispose();
            broadcaster.Release(feed);
            if (writerId is not null) writers.Remove(feed.ShareKey, writerId);
        });
        return session.Own(new ShareHandle(session, hold, feed, writerId, log, reads, admin, changes, lists));
    }

    /// <summary>Returns a root or creator handle of an authority, which the handle takes over.</summary>
    public RootHandle OfRoot(SessionState session, Authority authority) =>
        session.Own(new RootHandle(session, authority, registry, admin, changes, lists, health));
}
