namespace ShareRpc.Server.Append;

/// <summary>
/// The order of one handle's batches. Where one was refused, those behind it wait for it to come again, even if they would fit: while two
/// copies of an outbox write under one writer id, the other copy may have used the seqs of the refused one, and what comes after them must
/// not overtake it. Any thread.
/// </summary>
internal sealed class BatchOrder
{
    private readonly Lock gate = new();
    private long? refused;

    /// <summary>A batch with a smaller first seq was refused, and has not come again.</summary>
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
