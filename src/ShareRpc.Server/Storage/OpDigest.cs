using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage;

/// <summary>
/// 128 bits of SHA-256 over verb, kind, key, depends_on and received data bytes, each length-prefixed: equal for equal
/// intents.
/// </summary>
internal static class OpDigest
{
    public const int Bytes = 16;

    public static byte[] Of(OpIntent op)
    {
        int length = 5 * sizeof(int) + LengthOf(op.Verb) + LengthOf(op.Kind) + LengthOf(op.Key)
            + (op.Data?.Utf8.Length ?? 0);
        foreach (string? dependency in op.DependsOn ?? []) length += sizeof(int) + LengthOf(dependency);
        byte[] pooled = ArrayPool<byte>.Shared.Rent(length);
        Span<byte> rest = pooled;
        Write(ref rest, op.Verb);
        Write(ref rest, op.Kind);
        Write(ref rest, op.Key);
        WriteLength(ref rest, op.DependsOn?.Count ?? 0);
        // Null is malformed, and judged after this.
        foreach (string? dependency in op.DependsOn ?? []) Write(ref rest, dependency ?? "");
        WriteLength(ref rest, op.Data?.Utf8.Length ?? -1);
        if (op.Data is { } data) data.Utf8.Span.CopyTo(rest);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(pooled.AsSpan(0, length), hash);
        ArrayPool<byte>.Shared.Return(pooled);
        return hash[..Bytes].ToArray();
    }

    private static int LengthOf(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);

    private static void Write(ref Span<byte> rest, string text)
    {
        int length = Encoding.UTF8.GetBytes(text, rest[sizeof(int)..]);
        WriteLength(ref rest, length);
        rest = rest[length..];
    }

    private static void WriteLength(ref Span<byte> rest, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(rest, length);
        rest = rest[sizeof(int)..];
    }
}
