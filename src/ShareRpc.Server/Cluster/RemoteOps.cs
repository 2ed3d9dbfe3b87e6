using System.Globalization;
using Npgsql;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Cluster;

/// <summary>
/// Brings what other nodes appended to the readers of this one: the new ops of a share are read once for all of them.
/// Once a second it looks at all shares that are read here, in case a wake was lost.
/// </summary>
internal sealed class RemoteOps(
    PostgresDatabase database, IShareStore store, Broadcaster broadcaster, ProtocolLimits limits, ClusterClock clock,
    ClusterOptions options)
    : IServerLoop
{
    /// <summary>Further behind, readers take their pages from the store by themselves.</summary>
    private const int MostPages = 4;

    private const string HeadsText =
        "SELECT s.share_key, s.head, s.state FROM unnest($1) k(key) JOIN share s ON s.share_key = k.key";

    private readonly Lock gate = new();
    private readonly Hint hint = new();
    private HashSet<long> marked = [];
    private bool isAllMarked;

    public string Name => "remote ops";

    /// <summary>Marks the shares that a notification names.</summary>
    public void Mark(ReadOnlySpan<string> shares)
    {
        lock (gate)
        {
            foreach (string share in shares)
            {
                if (share == WakeSender.Everything) isAllMarked = true;
                else if (long.TryParse(share, CultureInfo.InvariantCulture, out long key)) marked.Add(key);
            }
        }

        hint.Give();
    }

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        long polled = clock.GetTimestamp();
        while (true)
        {
            TimeSpan left = options.PollEvery - clock.GetElapsedTime(polled);
            if (left > TimeSpan.Zero) await hint.WaitAsync(left, clock, stopping).ConfigureAwait(false);
            HashSet<long> shares;
            bool isAll;
            lock (gate)
            {
                (shares, isAll) = (marked, isAllMarked || clock.GetElapsedTime(polled) >= options.PollEvery);
                (marked, isAllMarked) = ([], false);
            }

            if (isAll) polled = clock.GetTimestamp();
            try
            {
                ShareFeed[] feeds =
                    [.. broadcaster.All().Where(feed => isAll || shares.Contains(feed.ShareKey))];
                if (feeds.Length > 0) await LookAsync(feeds, stopping).ConfigureAwait(false);
            }
            catch (Exception exception)
                when (AuthorityFollower.IsOfDatabase(exception) && !stopping.IsCancellationRequested)
            {
                await Task.Delay(options.RetryAfter, clock, stopping).ConfigureAwait(false);
            }

            succeeded();
        }
    }

    private async Task LookAsync(ShareFeed[] feeds, CancellationToken cancellationToken)
    {
        var heads = new Dictionary<long, (long Head, ShareState State)>();
        await using (NpgsqlCommand command = database.Source.CreateCommand(HeadsText))
        {
            command.Parameters.Add(new() { Value = feeds.Select(feed => feed.ShareKey).ToArray() });
            await using NpgsqlDataReader row =
                await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                heads[row.GetInt64(0)] = (row.GetInt64(1), (ShareState)row.GetInt32(2));
        }

        foreach (ShareFeed feed in feeds)
        {
            (long head, ShareState state) = heads.GetValueOrDefault(feed.ShareKey);
            if (head > feed.Head) await BringAsync(feed, head).ConfigureAwait(false);
            if (state != ShareState.Active && !feed.Ended && head > 0) feed.End();
        }
    }

    private async Task BringAsync(ShareFeed feed, long head)
    {
        bool isFar = head - feed.Head > (long)MostPages * limits.PageEntries;
        if (isFar || !feed.IsRead)
        {
            feed.Advance(head);
            feed.Wake();
            return;
        }

        for (long after = feed.Head; after < head;)
        {
            await using IReadSnapshot snapshot = await store.BeginReadAsync().ConfigureAwait(false);
            IReadOnlyList<LoggedOp> ops = await snapshot.ReadOpsAsync(
                feed.ShareKey, after, limits.PageEntries, limits.PageBytes).ConfigureAwait(false);
            if (ops.Count == 0) return; // erased meanwhile
            feed.Publish(ops);
            after = ops[^1].Cursor;
        }
    }
}
