using ShareRpc.Client.Writing.Outbox;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>Waits until shares were seen without anything queued, each at any moment.</summary>
internal sealed class OutboxFlush(OutboxFile outbox, TimeSpan pollInterval, TimeProvider time, LaneFailures? failures)
{
    public async Task RunAsync(IEnumerable<OutboxShare> shares, CancellationToken cancellationToken)
    {
        Dictionary<long, OutboxShare> left = shares.ToDictionary(share => share.Key);
        while (true)
        {
            Task changed = outbox.Changed;
            HashSet<long> work = left.Count == 1 ? [.. left.Keys.Where(outbox.HasWork)] : [.. outbox.ListWork()];
            foreach (long done in left.Keys.Where(key => !work.Contains(key)).ToList()) left.Remove(done);
            if (left.Count == 0) return;
            try
            {
                await changed.WaitAsync(pollInterval, time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Another process may be sending.
            }
            catch (OperationCanceledException cancelled) when (FindFailing(left.Values) is var (share, failure))
            {
                throw new OperationCanceledException(
                    $"Sending of share {share.ShareId} fails unexpectedly ({failure.GetType().Name}); what is queued "
                        + "is kept.",
                    failure, cancelled.CancellationToken);
            }
        }
    }

    private (OutboxShare Share, Exception Failure)? FindFailing(IEnumerable<OutboxShare> shares)
    {
        foreach (OutboxShare share in shares)
        {
            if (failures?.Find(share.Key) is { } failure) return (share, failure);
        }

        return null;
    }
}
