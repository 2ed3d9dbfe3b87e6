using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>Shared by lanes: a refused frame ends the connection; only one sent alone is identified.</summary>
internal sealed class ServerBounds : IDisposable
{
    private const int RefusalsBeforeSplit = 2;
    private readonly Dictionary<string, int> refusals = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim alone = new(1, 1);
    private ProtocolLimits limits = ProtocolLimits.Default;
    private volatile bool oneFrameAtATime;

    public ProtocolLimits Limits
    {
        get => Volatile.Read(ref limits);
        set => Volatile.Write(ref limits, value);
    }

    /// <summary>Set by a refused frame, until the queue is empty.</summary>
    public bool OneFrameAtATime => oneFrameAtATime;

    /// <summary>Held until disposal.</summary>
    public async Task<IDisposable> EnterAloneAsync(CancellationToken cancellationToken)
    {
        await alone.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(alone);
    }

    /// <summary>Returns the frame to split: refused twice, alone. No lane may run.</summary>
    public SentFrame? FindRefused(IReadOnlyList<SentFrame> inFlight)
    {
        oneFrameAtATime = true;
        foreach (OpBatch batch in inFlight.SelectMany(frame => frame.Batches))
        {
            refusals[batch.BatchId] = refusals.GetValueOrDefault(batch.BatchId) + 1;
        }

        if (inFlight is not [{ Batches: [OpBatch suspect] } only] || refusals[suspect.BatchId] < RefusalsBeforeSplit)
            return null;
        refusals.Remove(suspect.BatchId);
        return only;
    }

    public void AllSent()
    {
        if (!oneFrameAtATime) return;
        refusals.Clear();
        oneFrameAtATime = false;
    }

    public void Dispose() => alone.Dispose();

    private sealed class Turn(SemaphoreSlim semaphore) : IDisposable
    {
        public void Dispose() => semaphore.Release();
    }
}
