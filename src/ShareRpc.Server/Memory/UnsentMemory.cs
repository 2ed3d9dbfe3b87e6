namespace ShareRpc.Server.Memory;

/// <summary>
/// What waits to be sent on one connection. A little of it belongs to the connection; the rest counts against an
/// account. Any thread.
/// </summary>
internal sealed class UnsentMemory(MemoryAccount account)
{
    /// <summary>What the connection counts by itself.</summary>
    private const long OwnBytes = 4 * 1_024;

    /// <summary>What a peer may leave unread though there is no memory.</summary>
    private const long FewBytes = 64 * 1_024;

    private readonly Lock gate = new();
    private long held;
    private long counted;

    /// <summary>Counts bytes; false when there is no room for them.</summary>
    public bool TryTake(long bytes)
    {
        lock (gate)
        {
            long more = Math.Max(0, held + bytes - OwnBytes) - counted;
            if (more > 0 && !account.TryGrow(more)) return false;
            held += bytes;
            counted += Math.Max(more, 0);
            return true;
        }
    }

    /// <summary>Counts bytes that must be sent. Without room a peer that leaves much unread is cut off.</summary>
    public void Take(long bytes)
    {
        if (TryTake(bytes)) return;
        bool isMuch;
        lock (gate)
        {
            account.Force(bytes);
            held += bytes;
            counted += bytes;
            isMuch = held > Math.Max(FewBytes, 2 * bytes);
        }

        if (isMuch) account.CutOff();
    }

    public void Give(long bytes)
    {
        lock (gate)
        {
            held -= bytes;
            long less = counted - Math.Max(0, held - OwnBytes);
            if (less <= 0) return;
            account.Shrink(less);
            counted -= less;
        }
    }

    /// <summary>Something is about to be sent; one at a time.</summary>
    public void BeginSend() => account.BeginReceiving();

    public void NoteSent(int bytes) => account.NoteArrived(bytes);

    public void EndSend() => account.EndReceiving();
}
