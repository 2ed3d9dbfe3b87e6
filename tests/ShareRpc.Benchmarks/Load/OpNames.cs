using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace ShareRpc.Benchmarks.Load;

/// <summary>The ids and document keys of a load's ops.</summary>
/// <param name="AreIdsRandom">
/// Random UUIDs; else UUIDv7, which rise with time, as the client library makes them.
/// </param>
/// <param name="Parts">The documents that ops go round; 0: each op makes a new one.</param>
/// <param name="AreKeysRandom">New documents have random keys; else rising ones.</param>
internal sealed record OpNames(bool AreIdsRandom = false, int Parts = 0, bool AreKeysRandom = false)
{
    private const int FirstKey = 1_000_000;
    private readonly ulong salt = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8));
    private ulong ids;

    /// <summary>Rising ids over documents in turn.</summary>
    public static implicit operator OpNames(int parts) => new(Parts: parts);

    /// <summary>Reads <c>rising</c> or <c>random</c>, and <c>new</c>, <c>random</c> or a number of documents.</summary>
    public static OpNames Parse(string ids, string keys) => new(
        ids switch
        {
            "rising" => false,
            "random" => true,
            _ => throw new ArgumentException("--ids is rising or random."),
        },
        keys is "new" or "random" ? 0 : int.TryParse(keys, out int parts) && parts > 0 ? parts
            : throw new ArgumentException("--keys is new, random or a number of documents."),
        keys == "random");

    /// <summary>Writes an op id, 36 characters, another one each time.</summary>
    public void WriteId(IBufferWriter<byte> frame)
    {
        Guid id = AreIdsRandom ? RandomGuid() : Guid.CreateVersion7();
        id.TryFormat(frame.GetSpan(36), out int written);
        frame.Advance(written);
    }

    /// <summary>Writes the key of a writer's op, by its number.</summary>
    public void WriteKey(IBufferWriter<byte> frame, long number)
    {
        frame.Write("prt_"u8);
        int written;
        if (AreKeysRandom) Utf8Formatter.TryFormat(Mix(salt + (ulong)number), frame.GetSpan(16), out written, 'x');
        else Utf8Formatter.TryFormat(FirstKey + (Parts > 0 ? number % Parts : number), frame.GetSpan(20), out written);
        frame.Advance(written);
    }

    private Guid RandomGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        ulong number = Interlocked.Increment(ref ids);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Mix(salt ^ number));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], Mix(~salt + number));
        bytes[7] = (byte)((bytes[7] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes);
    }

    /// <summary>SplitMix64: another number for each one.</summary>
    private static ulong Mix(ulong number)
    {
        ulong mixed = number * 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
