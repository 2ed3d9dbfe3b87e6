using System.Buffers;

namespace ShareRpc.Server.Memory;

/// <summary>
/// Buffers that keep little once nobody uses them: the shared pool keeps small ones, a pool of its own a few of up to
/// 2 MiB, and larger ones are garbage. The shared pool alone would keep dozens of the largest a core.
/// </summary>
internal static class LargeBuffers
{
    private const int SharedBytes = 64 * 1024;
    private const int PooledBytes = 2 * 1024 * 1024;
    private const int PooledOfASize = 4;
    private static readonly ArrayPool<byte> Large = ArrayPool<byte>.Create(PooledBytes, PooledOfASize);

    public static byte[] Rent(int bytes) => bytes switch
    {
        <= SharedBytes => ArrayPool<byte>.Shared.Rent(bytes),
        <= PooledBytes => Large.Rent(bytes),
        _ => GC.AllocateUninitializedArray<byte>(bytes),
    };

    public static void Return(byte[] buffer)
    {
        if (buffer.Length == 0 || buffer.Length > PooledBytes) return;
        (buffer.Length <= SharedBytes ? ArrayPool<byte>.Shared : Large).Return(buffer);
    }
}
