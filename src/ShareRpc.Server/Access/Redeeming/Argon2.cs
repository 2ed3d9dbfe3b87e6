using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// Argon2id (RFC 9106) by the reference implementation, libargon2, speaking PHC strings. Any thread; about 16 ms and 19 MiB a call.
/// </summary>
internal static partial class Argon2
{
    private const string Library = "libargon2.so.1";
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    private const uint Lanes = 1;

    /// <summary>Throws <see cref="ServerStartException"/> naming the package when the library is missing.</summary>
    public static void EnsureAvailable()
    {
        if (NativeLibrary.TryLoad(Library, typeof(Argon2).Assembly, null, out _)) return;
        throw new ServerStartException("libargon2 is missing. Install it and start again: apt-get install libargon2-1");
    }

    /// <summary>The PHC string of a secret under a fresh salt.</summary>
    public static string Hash(ReadOnlySpan<byte> secret, int passes, int memoryKiB) =>
        Hash(secret, RandomNumberGenerator.GetBytes(SaltBytes), (uint)passes, (uint)memoryKiB, Lanes, HashBytes);

    /// <summary>Whether a PHC string was made at this cost.</summary>
    public static bool HasCost(string phc, int passes, int memoryKiB) =>
        phc.StartsWith($"$argon2id$v=19$m={memoryKiB},t={passes},p={Lanes}$", StringComparison.Ordinal);

    /// <summary>Whether a secret is that of a PHC string, compared in constant time; its cost is the string's own.</summary>
    public static bool Verify(string phc, ReadOnlySpan<byte> secret) =>
        argon2id_verify(Encoding.ASCII.GetBytes(phc + '\0'), secret, (nuint)secret.Length) == 0;

    internal static string Hash(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> salt, uint passes, uint memoryKiB, uint lanes, int hashBytes)
    {
        Span<byte> encoded = stackalloc byte[256];
        int error = argon2id_hash_encoded(
            passes, memoryKiB, lanes, secret, (nuint)secret.Length, salt, (nuint)salt.Length, (nuint)hashBytes,
            encoded, (nuint)encoded.Length);
        if (error != 0) throw new CryptographicException($"libargon2 answered {error}.");
        return Encoding.ASCII.GetString(encoded[..encoded.IndexOf((byte)0)]);
    }

    [LibraryImport(Library)]
    private static partial int argon2id_hash_encoded(
        uint passes, uint memoryKiB, uint lanes, ReadOnlySpan<byte> secret, nuint secretLength, ReadOnlySpan<byte> salt, nuint saltLength,
        nuint hashLength, Span<byte> encoded, nuint encodedLength);

    [LibraryImport(Library)]
    private static partial int argon2id_verify(ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> secret, nuint secretLength);
}
