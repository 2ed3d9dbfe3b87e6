using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.Read;

/// <summary>
/// Caches redacted ops per profile, for all readers of a link. Bounded in profiles, ops and bytes. Thread-safe.
/// </summary>
internal sealed class RedactedRing(ServerLimits limits, MemoryBudget memory)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Ring> byProfile = new(StringComparer.Ordinal);
    private bool isClosed;

    public IReadOnlyList<LoggedOp> Show(ReadProfile profile, IReadOnlyList<LoggedOp> ops)
    {
        if (profile.IsEverything || ops.Count == 0) return ops;
        var shown = new LoggedOp[ops.Count];
        for (int i = 0; i < shown.Length; i++) shown[i] = Show(profile, ops[i]);
        return shown;
    }

    /// <summary>
    /// Forgets everything, for good if nobody uses the share any more; returns how many bytes that gave back.
    /// </summary>
    public long Clear(bool forGood)
    {
        long bytes;
        lock (gate)
        {
            bytes = byProfile.Values.Sum(ring => ring.Bytes);
            byProfile.Clear();
            isClosed |= forGood;
        }

        memory.ReleaseCached(bytes);
        return bytes;
    }

    private LoggedOp Show(ReadProfile profile, LoggedOp op)
    {
        if (op.Encoded.IsEmpty) return profile.Show(op); // from the store: history, which each reader reads once
        lock (gate)
        {
            if (byProfile.TryGetValue(profile.Name, out Ring? known) && known.Ops.TryGetValue(op.Cursor,
                out LoggedOp? before)) return before;
        }

        LoggedOp shown = profile.Show(op);
        lock (gate)
        {
            if (!byProfile.TryGetValue(profile.Name, out Ring? ring))
            {
                if (byProfile.Count >= limits.RedactionProfiles) return shown;
                byProfile.Add(profile.Name, ring = new Ring());
            }

            if (isClosed || ring.Ops.ContainsKey(op.Cursor) || !memory.TryCache(OpRing.SizeOf(shown))) return shown;
            ring.Ops.Add(op.Cursor, shown);
            ring.Bytes += OpRing.SizeOf(shown);
            while (ring.Ops.Count > limits.RingOps || ring.Bytes > limits.RingBytes)
            {
                (long oldest, LoggedOp gone) = ring.Ops.First();
                ring.Ops.Remove(oldest);
                ring.Bytes -= OpRing.SizeOf(gone);
                memory.ReleaseCached(OpRing.SizeOf(gone));
            }
        }

        return shown;
    }

    private sealed class Ring
    {
        public SortedDictionary<long, LoggedOp> Ops { get; } = [];

        public long Bytes { get; set; }
    }
}
