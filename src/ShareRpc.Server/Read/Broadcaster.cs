using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Commit;

namespace ShareRpc.Server.Read;

/// <summary>Feeds of shares with handles. The commit loop never waits for readers.</summary>
internal sealed class Broadcaster(ServerLimits limits, ILogger<Broadcaster> log) : ICommitListener
{
    private readonly Lock gate = new();
    private readonly Dictionary<long, ShareFeed> feeds = [];

    /// <summary>
    /// Returns a feed; <see cref="Release"/> it. Its head may be behind until <see cref="ShareFeed.Advance"/>.
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

    public void Publish(long shareKey, IReadOnlyList<LoggedOp> ops) => Find(shareKey)?.Publish(ops);

    public void End(long shareKey) => Find(shareKey)?.End();

    private ShareFeed? Find(long shareKey)
    {
        lock (gate) return feeds.GetValueOrDefault(shareKey);
    }
}
