using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Log;

/// <summary>
/// What makes two ops with one op id the same intent: 128 bits of SHA-256 over verb, kind, key, depends_on and the data bytes as received,
/// each with its length in front.
/// </summary>
internal static class OpDigest
{
    public const int Bytes = 16;

    public static byte[] Of(OpIntent op)
    {
        var buffer = new ArrayBufferWriter<byte>(256 + (op.Data?.Utf8.Length ?? 0));
        Write(buffer, op.Verb);
        Write(buffer, op.Kind);
        Write(buffer, op.Key);
        WriteLength(buffer, op.DependsOn?.Count ?? 0);
        foreach (string? dependency in op.DependsOn ?? []) Write(buffer, dependency ?? ""); // null is malformed, and judged after this
        WriteLength(buffer, op.Data?.Utf8.Length ?? -1);
        if (op.Data is { } data) buffer.Write(data.Utf8.Span);
        return SHA256.HashData(buffer.WrittenSpan)[..Bytes];
    }

    private static void Write(ArrayBufferWriter<byte> buffer, string text)
    {
        WriteLength(buffer, Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, buffer);
    }

    private static void WriteLength(ArrayBufferWriter<byte> buffer, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(buffer.GetSpan(4), length);
        buffer.Advance(4);
    }
}
