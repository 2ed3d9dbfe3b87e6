using System.Buffers;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <param name="unsent">What a page counts against; null until <see cref="Count"/>.</param>
internal sealed class ReplyBuffer(UnsentMemory? unsent = null) : IBufferWriter<byte>, IPageRoom, IDisposable
{
    private const int FirstBytes = 1_024;

    /// <summary>Large buffers have few sizes, so that they are used again.</summary>
    private const int RoundBytes = 64 * 1024;

    private byte[] bytes = LargeBuffers.Rent(FirstBytes);
    private int length;
    private UnsentMemory? account = unsent;
    private long counted;

    public ReadOnlyMemory<byte> Written => bytes.AsMemory(0, length);

    public void Advance(int count) => length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return bytes.AsMemory(length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return bytes.AsSpan(length);
    }

    public bool TryReserve(long bytes)
    {
        if (!account!.TryTake(bytes)) return false;
        counted += bytes;
        return true;
    }

    /// <summary>
    /// Counts its memory until it is disposed, instead of what was reserved; false when there is no room.
    /// </summary>
    public bool TryCount()
    {
        long more = bytes.Length - counted;
        if (more > 0 && !account!.TryTake(more)) return false;
        if (more < 0) account!.Give(-more);
        counted = bytes.Length;
        return true;
    }

    /// <summary>Counts its memory until it is disposed, unless it is counted.</summary>
    public void Count(UnsentMemory unsent)
    {
        if (counted > 0) return;
        unsent.Take(bytes.Length);
        (account, counted) = (unsent, bytes.Length);
    }

    /// <summary>Makes room for a large page at once, instead of step by step.</summary>
    public void Prepare(long more)
    {
        long size = (length + more + RoundBytes - 1) / RoundBytes * RoundBytes;
        if (more > RoundBytes && size > bytes.Length) Move((int)Math.Min(size, Array.MaxLength));
    }

    /// <summary>Forgets what was written.</summary>
    public void Clear()
    {
        Dispose();
        bytes = LargeBuffers.Rent(FirstBytes);
    }

    public void Dispose()
    {
        LargeBuffers.Return(bytes);
        bytes = [];
        length = 0;
        if (counted > 0) account!.Give(counted);
        counted = 0;
    }

    private void Reserve(int sizeHint)
    {
        int needed = length + Math.Max(sizeHint, 1);
        if (needed <= bytes.Length) return;
        Move(Math.Max(needed, bytes.Length * 2));
    }

    private void Move(int size)
    {
        byte[] larger = LargeBuffers.Rent(size);
        bytes.AsSpan(0, length).CopyTo(larger);
        LargeBuffers.Return(bytes);
        bytes = larger;
    }
}
