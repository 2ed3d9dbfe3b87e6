using System.Buffers;

namespace ShareRpc.Server.Connections.DirectCalls;

internal sealed class ReplyBuffer : IBufferWriter<byte>, IDisposable
{
    private const int FirstBytes = 1_024;
    private byte[] bytes = ArrayPool<byte>.Shared.Rent(FirstBytes);
    private int length;

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

    public void Clear() => length = 0;

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = [];
        length = 0;
    }

    private void Reserve(int sizeHint)
    {
        int needed = length + Math.Max(sizeHint, 1);
        if (needed <= bytes.Length) return;
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, bytes.Length * 2));
        bytes.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = larger;
    }
}
