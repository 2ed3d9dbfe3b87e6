namespace ShareRpc.Server.Append;

/// <summary>
/// Makes batches of a handle wait behind a refused one until it is resent: a second copy of the outbox may have used
/// its seqs. Thread-safe.
/// </summary>
internal sealed class BatchOrder
{
    private readonly Lock gate = new();
    private long? refused;

    public bool IsBehindRefused(long firstSeq)
    {
        lock (gate) return firstSeq > refused;
    }

    public void Refuse(long? firstSeq)
    {
        lock (gate)
        {
            if (firstSeq is { } seq && !(refused <= seq)) refused = seq;
        }
    }

    public void Take(long? firstSeq)
    {
        lock (gate)
        {
            if (firstSeq <= refused) refused = null;
        }
    }
}
