using System.Buffers;

namespace ShareRpc.Server.Memory;

/// <summary>
/// Buffers that keep little once nobody uses them: the shared pool keeps small ones, a pool of its own a few of up to
/// 2 MiB, and larger ones are garbage, which is used again as long as it was not collected. The shared pool alone would
/// keep dozens of the largest a core.
/// </summary>
internal static class LargeBuffers
{
    private const int SharedBytes = 64 * 1024;
    private const int PooledBytes = 2 * 1024 * 1024;
    private const int PooledOfASize = 4;
    private const int MostGarbage = 32;
    private static readonly Lock Gate = new();
    private static readonly List<WeakReference<byte[]>> Garbage = [];
    private static readonly ArrayPool<byte> Large = ArrayPool<byte>.Create(PooledBytes, PooledOfASize);

    public static byte[] Rent(int bytes) => bytes switch
    {
        <= SharedBytes => ArrayPool<byte>.Shared.Rent(bytes),
        <= PooledBytes => Large.Rent(bytes),
        _ => FindGarbage(bytes) ?? GC.AllocateUninitializedArray<byte>(bytes),
    };

    public static void Return(byte[] buffer)
    {
        if (buffer.Length == 0) return;
        if (buffer.Length > PooledBytes) Keep(buffer);
        else (buffer.Length <= SharedBytes ? ArrayPool<byte>.Shared : Large).Return(buffer);
    }

    private static void Keep(byte[] buffer)
    {
        lock (Gate)
        {
            Garbage.RemoveAll(reference => !reference.TryGetTarget(out _));
            if (Garbage.Count < MostGarbage) Garbage.Add(new WeakReference<byte[]>(buffer));
        }
    }

    private static byte[]? FindGarbage(int bytes)
    {
        lock (Gate)
        {
            for (int i = Garbage.Count - 1; i >= 0; i--)
            {
                if (!Garbage[i].TryGetTarget(out byte[]? buffer) || buffer.Length != bytes) continue;
                Garbage.RemoveAt(i);
                return buffer;
            }
        }

        return null;
    }
}
