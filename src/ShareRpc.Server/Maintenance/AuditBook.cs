using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Diagnostics;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Maintenance;

/// <summary>
/// Sums redemptions, refusals and appends per ref, address and interval, in bounded memory. A crash loses unwritten
/// sums; mutations are audited in their own transactions. Thread-safe.
/// </summary>
internal sealed class AuditBook(
    CommitQueue queue, ServerLimits limits, TimeProvider time, ServerMetrics metrics, ILogger<AuditBook> log)
    : IServerLoop
{
    public const string Redeem = "redeem";
    public const string Refused = "refused";
    public const string Append = "append";
    public const string Search = "search_shares";

    private readonly Lock gate = new();
    private Dictionary<Entry, Sum> sums = [];
    private Dictionary<(string Action, long? RefKey), int> addresses = [];
    private Dictionary<long, long> lastRedeemed = [];
    private Dictionary<long, long> beingWritten = [];

    public string Name => "audit";

    public void NoteRedemption(RefRow row, string? address)
    {
        metrics.Redeemed();
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (gate)
        {
            Add(new Entry(Redeem, row.Key, row.ShareKey, address, null), now, 1, 0);
            if (lastRedeemed.Count < limits.AuditSums || lastRedeemed.ContainsKey(row.Key)) lastRedeemed[row.Key] = now;
        }
    }

    /// <summary>The row is null unless the token was right.</summary>
    public void NoteRefusal(RefRow? row, string? address, ErrorCode code)
    {
        metrics.Refused(code);
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (gate) Add(new Entry(Refused, row?.Key, row?.ShareKey, address, code), now, 1, 0);
    }

    public void NoteAppend(RefRow row, int ops, long bytes)
    {
        if (ops == 0) return;
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (gate) Add(new Entry(Append, row.Key, row.ShareKey, null, null), now, ops, bytes);
    }

    /// <summary>A search over shares, whose words are written nowhere.</summary>
    public void NoteSearch(RefRow row)
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (gate) Add(new Entry(Search, row.Key, null, null, null), now, 1, 0);
    }

    /// <summary>Null if already written.</summary>
    public long? LastRedeemedMs(long refKey)
    {
        lock (gate)
        {
            bool isKnown = lastRedeemed.TryGetValue(refKey, out long ms) || beingWritten.TryGetValue(refKey, out ms);
            return isKnown ? ms : null;
        }
    }

    /// <summary>Writes at each interval; afterwards call <see cref="WriteAsync"/>.</summary>
    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(limits.AuditInterval, time, stopping).ConfigureAwait(false);
            await WriteAsync().ConfigureAwait(false);
            succeeded();
        }
    }

    /// <summary>Keeps sums that cannot be written.</summary>
    public async Task WriteAsync()
    {
        Dictionary<Entry, Sum> written;
        Dictionary<long, long> seen;
        lock (gate)
        {
            if (sums.Count == 0) return;
            (written, sums) = (sums, []);
            addresses = [];
            (seen, lastRedeemed) = (lastRedeemed, []);
            beingWritten = seen;
        }

        var work = new CommitWork<bool>(scope =>
        {
            foreach ((Entry entry, Sum sum) in written.OrderBy(pair => pair.Value.SinceMs))
            {
                scope.Transaction.InsertAudit(new AuditRow(
                    sum.SinceMs, entry.Action, entry.RefKey, entry.ShareKey, null, entry.Address, entry.Code, sum.Count,
                    entry.Action == Append ? sum.Bytes : null));
            }

            foreach ((long refKey, long ms) in seen) scope.Transaction.SetLastRedeemed(refKey, ms);
            return ValueTask.FromResult(true);
        });
        try
        {
            queue.Enqueue(work);
            await work.Completion.ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is ShareRpcException or StorageException)
        {
            log.AuditNotWritten(exception);
            lock (gate)
            {
                foreach ((Entry entry, Sum sum) in written) Add(entry, sum.SinceMs, sum.Count, sum.Bytes);
                foreach ((long refKey, long ms) in seen) lastRedeemed.TryAdd(refKey, ms);
            }
        }
        finally
        {
            lock (gate) beingWritten = [];
        }
    }

    /// <summary>Beyond the bounds, others share a sum without address, or without any name.</summary>
    private void Add(Entry entry, long nowMs, long count, long bytes)
    {
        if (entry.Address is not null && !sums.ContainsKey(entry))
        {
            ref int known = ref CollectionsMarshal.GetValueRefOrAddDefault(
                addresses, (entry.Action, entry.RefKey), out _);
            if (known < limits.AuditAddresses) known++;
            else entry = entry with { Address = null };
        }

        if (sums.Count >= limits.AuditSums && !sums.ContainsKey(entry))
            entry = entry with { RefKey = null, ShareKey = null, Address = null };
        ref Sum? sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, entry, out bool isKnown);
        if (!isKnown) sum = new Sum { SinceMs = nowMs };
        sum!.SinceMs = Math.Min(sum.SinceMs, nowMs);
        sum.Count += count;
        sum.Bytes += bytes;
    }

    private readonly record struct Entry(string Action, long? RefKey, long? ShareKey, string? Address, ErrorCode? Code);

    private sealed class Sum
    {
        public long SinceMs { get; set; }

        public long Count { get; set; }

        public long Bytes { get; set; }
    }
}
