using System.Threading.Channels;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Access.Changes;

/// <summary>
/// Repeats revocations that are denied but not yet durable, since their callers may be gone or denied.
/// </summary>
internal sealed class OwedRevocations(CommitQueue queue, ServerLimits limits, TimeProvider time) : IServerLoop
{
    private readonly Lock gate = new();
    private readonly Dictionary<long, RevokeWork> owed = [];
    private readonly Channel<bool> wakes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public string Name => "owed revocations";

    public int Count
    {
        get
        {
            lock (gate) return owed.Count;
        }
    }

    /// <summary>Returns false if there are too many; one per ref.</summary>
    public bool Add(long refKey, RevokeWork work)
    {
        lock (gate)
        {
            if (owed.Count >= limits.OwedRevocations && !owed.ContainsKey(refKey)) return false;
            owed[refKey] = work;
        }

        wakes.Writer.TryWrite(true);
        return true;
    }

    public void Remove(long refKey)
    {
        lock (gate) owed.Remove(refKey);
    }

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        if (Count > 0) wakes.Writer.TryWrite(true);
        while (await wakes.Reader.WaitToReadAsync(stopping).ConfigureAwait(false))
        {
            await Task.Delay(limits.StorageRetryAfter, time, stopping).ConfigureAwait(false);
            wakes.Reader.TryRead(out _);
            await RepeatAsync().ConfigureAwait(false);
            succeeded();
        }
    }

    private async Task RepeatAsync()
    {
        List<RevokeWork> works;
        lock (gate) works = [.. owed.Values];
        foreach (RevokeWork work in works)
        {
            try
            {
                queue.Enqueue(work);
                await work.Completion.ConfigureAwait(false);
            }
            catch (ShareRpcException)
            {
                return;
            }
        }
    }
}
