using System.Buffers;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.Connections.DirectCalls;

internal sealed class ReplyBuffer : IBufferWriter<byte>, IDisposable
{
    private const int FirstBytes = 1_024;
    private byte[] bytes = LargeBuffers.Rent(FirstBytes);
    private int length;
    private UnsentMemory? account;
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

    /// <summary>Counts its memory until it is disposed; false when there is no room.</summary>
    public bool TryCount(UnsentMemory unsent)
    {
        if (!unsent.TryTake(bytes.Length)) return false;
        (account, counted) = (unsent, bytes.Length);
        return true;
    }

    /// <summary>Counts its memory until it is disposed, unless it is counted.</summary>
    public void Count(UnsentMemory unsent)
    {
        if (account is not null) return;
        unsent.Take(bytes.Length);
        (account, counted) = (unsent, bytes.Length);
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
        account?.Give(counted);
        account = null;
    }

    private void Reserve(int sizeHint)
    {
        int needed = length + Math.Max(sizeHint, 1);
        if (needed <= bytes.Length) return;
        byte[] larger = LargeBuffers.Rent(Math.Max(needed, bytes.Length * 2));
        bytes.AsSpan(0, length).CopyTo(larger);
        LargeBuffers.Return(bytes);
        bytes = larger;
    }
}
