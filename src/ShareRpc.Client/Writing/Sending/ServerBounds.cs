using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>
/// How much the server takes at once, as far as this sender has learnt: what it announced, and which frames it closed connections over.
/// Shared
/// by all lanes, because a refused frame ends the connection for everybody, and only a frame that was alone on it can be blamed.
/// </summary>
internal sealed class ServerBounds : IDisposable
{
    private const int RefusalsBeforeSplit = 2;
    private readonly Dictionary<string, int> refusals = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim alone = new(1, 1);
    private ProtocolLimits limits = ProtocolLimits.Default;
    private volatile bool oneFrameAtATime;

    /// <summary>The limits of the newest redemption; the protocol's own before the first.</summary>
    public ProtocolLimits Limits
    {
        get => Volatile.Read(ref limits);
        set => Volatile.Write(ref limits, value);
    }

    /// <summary>
    /// True from a refused frame on until everything was sent: each frame is then sent inside <see cref="EnterAloneAsync"/>.
    /// </summary>
    public bool OneFrameAtATime => oneFrameAtATime;

    /// <summary>The right to have the only frame on the connection, until it is disposed.</summary>
    public async Task<IDisposable> EnterAloneAsync(CancellationToken cancellationToken)
    {
        await alone.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(alone);
    }

    /// <summary>
    /// The server closed a connection over a frame, one of these. Gives the frame whose batch is to be split: the second time, if it was
    /// alone.
    /// Called when no lane runs.
    /// </summary>
    public SentFrame? FindRefused(IReadOnlyList<SentFrame> inFlight)
    {
        oneFrameAtATime = true;
        foreach (OpBatch batch in inFlight.SelectMany(frame => frame.Batches))
        {
            refusals[batch.BatchId] = refusals.GetValueOrDefault(batch.BatchId) + 1;
        }

        if (inFlight is not [{ Batches: [OpBatch suspect] } only] || refusals[suspect.BatchId] < RefusalsBeforeSplit) return null;
        refusals.Remove(suspect.BatchId);
        return only;
    }

    /// <summary>Nothing is left to send: nothing is suspect any more.</summary>
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
