using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Read;

/// <summary>Newest ops without gaps, bounded in ops and bytes. The first reader encodes. Not thread-safe.</summary>
internal sealed class OpRing(ServerLimits limits)
{
    private const int FirstCapacity = 16;
    private const int ObjectBytes = 1_024;
    private LoggedOp[] items = [];
    private int first;
    private int count;
    private long bytes;

    /// <summary>Returns what it keeps in memory, by <see cref="SizeOf"/>.</summary>
    public long Bytes => bytes;

    public void Add(LoggedOp op)
    {
        if (count > 0 && op.Cursor <= At(count - 1).Cursor) return;
        if (count > 0 && op.Cursor != At(count - 1).Cursor + 1) Clear();
        if (count == items.Length) MakeRoom();
        items[(first + count++) % items.Length] = op;
        bytes += SizeOf(op);
        while (count > limits.RingOps || bytes > limits.RingBytes) DropFirst();
    }

    /// <summary>Returns what an op takes in memory: objects, data, and the wire bytes that it gets.</summary>
    public static long SizeOf(LoggedOp op) => ObjectBytes + (4L * op.Key.Length) + (2L * (op.Data?.Utf8.Length ?? 0));

    /// <summary>Returns null when only the store has them.</summary>
    public IReadOnlyList<LoggedOp>? TryRead(long after, int limit, int maxBytes)
    {
        if (count == 0 || At(0).Cursor > after + 1 || At(count - 1).Cursor <= after) return null;
        var ops = new List<LoggedOp>();
        long read = 0;
        for (long i = after + 1 - At(0).Cursor; i < count && ops.Count < limit; i++)
        {
            LoggedOp op = EncodedAt((int)i);
            read += op.Encoded.Length;
            if (ops.Count > 0 && read > maxBytes) break;
            ops.Add(op);
        }

        return ops;
    }

    private LoggedOp At(int index) => items[(first + index) % items.Length];

    private LoggedOp EncodedAt(int index)
    {
        ref LoggedOp op = ref items[(first + index) % items.Length];
        if (op.Encoded.IsEmpty) op = OpEncoding.Encode(op);
        return op;
    }

    private void MakeRoom()
    {
        // Adds before it removes.
        int capacity = Math.Min(Math.Max(FirstCapacity, items.Length * 2), limits.RingOps + 1);
        var larger = new LoggedOp[capacity];
        for (int i = 0; i < count; i++) larger[i] = At(i);
        (items, first) = (larger, 0);
    }

    private void DropFirst()
    {
        bytes -= SizeOf(items[first]);
        items[first] = null!;
        first = (first + 1) % items.Length;
        count--;
    }

    private void Clear()
    {
        while (count > 0) DropFirst();
    }
}
