using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Commit;

namespace ShareRpc.Server.Read;

/// <summary>
/// The feeds of the shares that have live handles. The commit loop publishes here after the commit, and never waits for a reader.
/// </summary>
internal sealed class Broadcaster(ServerLimits limits, ILogger<Broadcaster> log) : ICommitListener
{
    private readonly Lock gate = new();
    private readonly Dictionary<long, ShareFeed> feeds = [];

    /// <summary>
    /// The feed of a share; give it back with <see cref="Release"/>. Its head may be behind until <see cref="ShareFeed.Advance"/>.
    /// </summary>
    public ShareFeed Acquire(long shareKey)
    {
        lock (gate)
        {
            if (!feeds.TryGetValue(shareKey, out ShareFeed? feed)) feeds.Add(shareKey, feed = new ShareFeed(shareKey, limits, log));
            feed.Users++;
            return feed;
        }
    }

    public void Release(ShareFeed feed)
    {
        lock (gate)
        {
            if (--feed.Users == 0) feeds.Remove(feed.ShareKey);
        }
    }

    /// <summary>Returns how many shares have a feed.</summary>
    public int Count
    {
        get
        {
            lock (gate) return feeds.Count;
        }
    }

    public void OnCommitted(LogShare share)
    {
        if (share.Fresh.Count > 0) Publish(share.Key, [.. share.Fresh]);
    }

    /// <summary>Committed ops of a share, in order.</summary>
    public void Publish(long shareKey, IReadOnlyList<LoggedOp> ops) => Find(shareKey)?.Publish(ops);

    /// <summary>The share ended: nothing follows its head.</summary>
    public void End(long shareKey) => Find(shareKey)?.End();

    private ShareFeed? Find(long shareKey)
    {
        lock (gate) return feeds.GetValueOrDefault(shareKey);
    }
}
