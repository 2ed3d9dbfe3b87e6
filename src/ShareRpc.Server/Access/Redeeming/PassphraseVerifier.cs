using System.Security.Cryptography;
using Konscious.Security.Cryptography;
using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// Argon2id (RFC 9106) of the passphrase digest under the token ([TOKEN-5]). Takes 20 MB and about 100 ms of a core, so
/// concurrency and queue are bounded, else <c>overloaded</c>. Any thread.
/// </summary>
internal sealed class PassphraseVerifier(ServerLimits limits) : IDisposable
{
    private const int SaltBytes = 16;
    private const int HashBytes = 32;
    private readonly SemaphoreSlim gate = new(limits.Argon2AtOnce);
    private int waiting;

    public Task<string> HashAsync(string digest, CancellationToken cancellationToken) => GateAsync(
        () =>
        {
            byte[] salt = RandomNumberGenerator.GetBytes(SaltBytes);
            byte[] hash = Hash(digest, salt, limits.Argon2Kibibytes, limits.Argon2Passes);
            return $"$argon2id$v=19$m={limits.Argon2Kibibytes},t={limits.Argon2Passes},p=1${Text(salt)}${Text(hash)}";
        },
        cancellationToken);

    public Task<bool> FitsAsync(string phc, string digest, CancellationToken cancellationToken) => GateAsync(
        () =>
        {
            if (phc.Split('$') is not ["", "argon2id", "v=19", string cost, string salt, string hash]) return false;
            int[] numbers = [.. cost.Split(',').Select(pair => int.Parse(pair.AsSpan(2), provider: null))]; // m=,t=,p=
            byte[] computed = Hash(digest, Bytes(salt), numbers[0], numbers[1]);
            return CryptographicOperations.FixedTimeEquals(computed, Bytes(hash));
        },
        cancellationToken);

    public void Dispose() => gate.Dispose();

    private static byte[] Hash(string digest, byte[] salt, int kibibytes, int passes)
    {
        using var argon2 = new Argon2id(Convert.FromHexString(digest))
        {
            Salt = salt, MemorySize = kibibytes, Iterations = passes, DegreeOfParallelism = 1,
        };
        return argon2.GetBytes(HashBytes);
    }

    // PHC uses Base64 without padding.
    private static string Text(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    private static byte[] Bytes(string text) => Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));

    private async Task<T> GateAsync<T>(Func<T> compute, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref waiting) > limits.Argon2Waiting + limits.Argon2AtOnce)
        {
            Interlocked.Decrement(ref waiting);
            throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = limits.OverloadedRetryAfter };
        }

        try
        {
            await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return await Task.Run(compute, CancellationToken.None).ConfigureAwait(false);
            }
            finally
            {
                gate.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }
}
