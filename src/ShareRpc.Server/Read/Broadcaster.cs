using System.Diagnostics;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Diagnostics;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Read;

/// <summary>Feeds of shares with handles. The commit loop never waits for readers.</summary>
internal sealed class Broadcaster : ICommitListener, IServerLoop
{
    private const long LeastEvicted = 4 * 1024 * 1024;
    private readonly ServerLimits limits;
    private readonly MemoryBudget memory;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly Lock gate = new();
    private readonly Dictionary<long, ShareFeed> feeds = [];

    public Broadcaster(ServerLimits limits, MemoryBudget memory, TimeProvider time, ILogger<Broadcaster> log)
    {
        (this.limits, this.memory, this.time, this.log) = (limits, memory, time, log);
        memory.Evict = Evict;
    }

    public string Name => "rings";

    /// <summary>
    /// Returns a feed; <see cref="Release"/> it. Its head may be behind until <see cref="ShareFeed.Advance"/>.
    /// </summary>
    public ShareFeed Acquire(long shareKey)
    {
        lock (gate)
        {
            if (!feeds.TryGetValue(shareKey, out ShareFeed? feed))
            {
                feeds.Add(shareKey, feed = new ShareFeed(shareKey, limits, memory, time, log));
            }

            feed.Users++;
            return feed;
        }
    }

    public void Release(ShareFeed feed)
    {
        lock (gate)
        {
            if (--feed.Users > 0) return;
            feeds.Remove(feed.ShareKey);
        }

        feed.Drop(forGood: true);
    }

    public int Count
    {
        get
        {
            lock (gate) return feeds.Count;
        }
    }

    /// <summary>Drops the rings that nobody reads, now and then, until cancelled.</summary>
    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(limits.RingIdle / 2, time, stopping).ConfigureAwait(false);
            foreach (ShareFeed feed in All()) feed.DropIfIdle();
            succeeded();
        }
    }

    public void OnCommitted(LogShare share)
    {
        if (share.Fresh.Count == 0) return;
        Activity? span = ServerTracing.BeginPublish(share.Trace);
        Publish(share.Key, [.. share.Fresh]);
        ServerTracing.End(span);
    }

    public void Publish(long shareKey, IReadOnlyList<LoggedOp> ops) => Find(shareKey)?.Publish(ops);

    public void End(long shareKey) => Find(shareKey)?.End();

    /// <summary>Returns how many reads wait for the next op.</summary>
    public int CountWaiting() => All().Sum(feed => feed.Waiting);

    /// <summary>Returns the feeds of all shares with handles.</summary>
    public ShareFeed[] All()
    {
        lock (gate) return [.. feeds.Values];
    }

    /// <summary>Drops rings, those first that were read longest ago.</summary>
    private void Evict(long bytes)
    {
        bytes = Math.Max(bytes, LeastEvicted);
        foreach (ShareFeed feed in All().OrderBy(feed => feed.LastRead))
        {
            bytes -= feed.Drop();
            if (bytes <= 0) return;
        }
    }

    private ShareFeed? Find(long shareKey)
    {
        lock (gate) return feeds.GetValueOrDefault(shareKey);
    }
}
